-- What happened on the waitlists, move by move: whoever follows them knows the position of everybody at every time.
CREATE TABLE waitlist_moves (
    -- Drawn under the cohort's lock: in the order in which the moves came.
    number {numbered},
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    application_id {uuid} NOT NULL REFERENCES applications (id),
    occurred_at {instant} NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN (
        'joined', 'prioritized', 'passed_over', 'offered', 'withdrawn', 'declined', 'expired', 'left')),
    -- The places before and since, as applications have them.
    place_before {int},
    place_after {int},
    -- The position that was reached, the first being 1.
    position {int} CHECK (position >= 1),
    unmet {json} NOT NULL,
    reason TEXT,
    CHECK ((place_before IS NULL) = (cause IN ('joined', 'passed_over'))),
    CHECK ((place_after IS NULL) = (cause NOT IN ('joined', 'prioritized'))),
    CHECK ((place_after IS NULL) = (position IS NULL))
);
CREATE INDEX waitlist_moves_by_cohort ON waitlist_moves (cohort_id, number);
CREATE INDEX waitlist_moves_by_application ON waitlist_moves (application_id, number);
