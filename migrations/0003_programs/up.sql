CREATE TABLE programs (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    slug {text} NOT NULL,
    name TEXT NOT NULL,
    -- By which lists are sorted.
    name_key {text} NOT NULL,
    description TEXT,
    school_year {text} NOT NULL,
    time_zone TEXT NOT NULL,
    delivery TEXT NOT NULL CHECK (delivery IN ('call_for_proposals', 'staff_led')),
    enrollment_mode TEXT NOT NULL CHECK (enrollment_mode IN ('first_come', 'rolling_review')),
    capacity_min {int} NOT NULL CHECK (capacity_min >= 1),
    capacity_max {int} NOT NULL CHECK (capacity_max >= capacity_min),
    hold_days {int} NOT NULL CHECK (hold_days >= 1),
    offer_days {int} NOT NULL CHECK (offer_days >= 1),
    grace_minutes {int} NOT NULL CHECK (grace_minutes >= 0),
    anywhere_on_earth {bool} NOT NULL,
    -- Whether everybody takes part in one cohort at most.
    one_cohort {bool} NOT NULL,
    -- What is asked of everybody who joins a cohort.
    joining {json} NOT NULL,
    published_at {instant},
    finalized_at {instant},
    closed_at {instant},
    cancelled_at {instant},
    cancel_reason TEXT,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK (finalized_at IS NULL OR published_at IS NOT NULL),
    CHECK (closed_at IS NULL OR published_at IS NOT NULL),
    CHECK ((cancelled_at IS NULL) = (cancel_reason IS NULL))
);
CREATE UNIQUE INDEX programs_coalition_id_slug ON programs (coalition_id, slug);
CREATE INDEX programs_by_school_year ON programs (coalition_id, school_year, id);
CREATE INDEX programs_by_name ON programs (coalition_id, name_key, id);

-- Rewritten whole with their timeline. A client may choose an id, so that it is one of its program's, and of no other.
CREATE TABLE milestones (
    program_id {uuid} NOT NULL REFERENCES programs (id),
    id {uuid} NOT NULL,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    kind TEXT NOT NULL CHECK (kind IN ('proposals_open', 'proposals_due', 'decisions_announced', 'confirmations_due',
        'offerings_final', 'signup_opens', 'signup_soft_deadline', 'kickoff', 'in_person_training', 'call', 'closeout')),
    label TEXT NOT NULL,
    on_day {date},
    at_instant {instant},
    relative_to {uuid},
    relative_days {int},
    PRIMARY KEY (program_id, id),
    CHECK ((relative_to IS NULL) = (relative_days IS NULL)),
    CHECK ((on_day IS NOT NULL AND at_instant IS NULL AND relative_to IS NULL)
        OR (on_day IS NULL AND at_instant IS NOT NULL AND relative_to IS NULL)
        OR (on_day IS NULL AND at_instant IS NULL AND relative_to IS NOT NULL))
);
CREATE UNIQUE INDEX milestones_program_id_kind ON milestones (program_id, kind) WHERE kind <> 'call';
