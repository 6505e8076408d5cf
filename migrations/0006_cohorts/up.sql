CREATE TABLE cohorts (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    program_id {uuid} NOT NULL REFERENCES programs (id),
    proposal_id {uuid} REFERENCES proposals (id),
    slug {text} NOT NULL,
    title TEXT NOT NULL,
    -- By which lists are sorted and searched.
    title_key {text} NOT NULL,
    description TEXT,
    audience {json} NOT NULL,
    delivery TEXT NOT NULL CHECK (delivery IN ('virtual', 'in_person', 'hybrid')),
    dates {json} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'open', 'in_session', 'completed', 'cancelled')),
    started_at {instant},
    ended_at {instant},
    cancel_reason TEXT,
    merged_into {uuid} REFERENCES cohorts (id),
    seats_min {int} NOT NULL CHECK (seats_min >= 1),
    seats_max {int} NOT NULL CHECK (seats_max >= seats_min),
    -- How many seats are held, whatever happens at once: under the statement that takes one, and under everything else.
    seats_held {int} NOT NULL CHECK (seats_held BETWEEN 0 AND seats_max),
    seats_enrolled {int} NOT NULL CHECK (seats_enrolled BETWEEN 0 AND seats_held),
    waiting {int} NOT NULL CHECK (waiting >= 0),
    next_lapse_at {instant},
    last_number {int} NOT NULL,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((state IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancel_reason IS NOT NULL)),
    CHECK (state = 'cancelled' OR merged_into IS NULL),
    CHECK (state <> 'in_session' OR started_at IS NOT NULL)
);
CREATE UNIQUE INDEX cohorts_coalition_id_slug ON cohorts (coalition_id, slug);
CREATE UNIQUE INDEX cohorts_proposal_id ON cohorts (proposal_id);
CREATE INDEX cohorts_by_title ON cohorts (coalition_id, title_key, id);
CREATE INDEX cohorts_by_program ON cohorts (program_id, title_key, id);

CREATE TABLE cohort_facilitators (
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    -- Whoever was named first stands first.
    place {int} NOT NULL,
    PRIMARY KEY (cohort_id, person_id)
);
CREATE INDEX cohort_facilitators_by_person ON cohort_facilitators (person_id, cohort_id);

CREATE TABLE applications (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    employment_id {uuid} REFERENCES employments (id),
    organization_id {uuid} REFERENCES organizations (id),
    verification_id {uuid} REFERENCES verifications (id),
    form_version {int} NOT NULL,
    answers {json} NOT NULL,
    commitments {json} NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'draft', 'submitted', 'waitlisted', 'offered', 'enrolled', 'completed', 'expired', 'declined', 'withdrawn', 'removed',
        'transferred')),
    -- When it came to stand where it stands, and what belongs to that.
    stands_since {instant} NOT NULL,
    lapses_at {instant},
    -- The place on the waitlist: the priority in the upper half, the number in the lower.
    place {int},
    enrolled_at {instant},
    cause TEXT,
    note TEXT,
    submitted_at {instant},
    -- The team with which it is sent.
    team_id {uuid},
    -- The application to another cohort that it continues, and the one that continues it.
    transferred_from {uuid} REFERENCES applications (id),
    transferred_to {uuid} REFERENCES applications (id),
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((employment_id IS NULL) = (organization_id IS NULL)),
    CHECK (lapses_at IS NULL OR state IN ('submitted', 'offered')),
    CHECK (state <> 'offered' OR lapses_at IS NOT NULL),
    CHECK ((state = 'waitlisted') = (place IS NOT NULL)),
    CHECK (state NOT IN ('enrolled', 'completed', 'removed') OR enrolled_at IS NOT NULL),
    CHECK ((state IN ('expired', 'declined', 'removed')) = (cause IS NOT NULL)),
    CHECK ((state = 'draft') = (submitted_at IS NULL) OR state IN ('expired', 'declined', 'withdrawn', 'transferred')),
    CHECK ((state = 'transferred') = (transferred_to IS NOT NULL))
);
-- One that is open, for a person and a cohort.
CREATE UNIQUE INDEX applications_cohort_id_person_id ON applications (cohort_id, person_id)
    WHERE state IN ('draft', 'submitted', 'waitlisted', 'offered', 'enrolled');
CREATE UNIQUE INDEX applications_cohort_id_place ON applications (cohort_id, place);
CREATE INDEX applications_by_state ON applications (cohort_id, state);
CREATE INDEX applications_by_person ON applications (person_id, created_at, id);
CREATE INDEX applications_by_making ON applications (coalition_id, created_at, id);
CREATE INDEX applications_by_change ON applications (coalition_id, updated_at, id);
CREATE INDEX applications_by_team ON applications (team_id);
CREATE INDEX applications_by_origin ON applications (transferred_from);
CREATE INDEX applications_by_verification ON applications (verification_id);
