CREATE TABLE sessions (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    -- The milestone from which it was generated: of the program's timeline, or of the cohort's own dates.
    milestone_id {uuid},
    kind TEXT NOT NULL CHECK (kind IN ('kickoff', 'training', 'call', 'closeout', 'meeting')),
    title TEXT NOT NULL,
    delivery TEXT NOT NULL CHECK (delivery IN ('virtual', 'in_person', 'hybrid')),
    join_link TEXT,
    place TEXT,
    agenda TEXT,
    on_day {date} NOT NULL,
    wall_time TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    duration_minutes {int} NOT NULL CHECK (duration_minutes > 0),
    -- The instant of that day and time in that zone.
    starts_at {instant} NOT NULL,
    reschedulings {json} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'held', 'cancelled')),
    -- Since when it is held or cancelled.
    settled_at {instant},
    -- Who marked it as held.
    held_by {uuid} REFERENCES people (id),
    cancel_reason TEXT,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((settled_at IS NULL) = (state = 'scheduled')),
    CHECK (held_by IS NULL OR state = 'held'),
    CHECK ((cancel_reason IS NOT NULL) = (state = 'cancelled'))
);
-- However often and however many at once generate them, a milestone has one session.
CREATE UNIQUE INDEX sessions_cohort_id_milestone_id ON sessions (cohort_id, milestone_id);
CREATE INDEX sessions_by_start ON sessions (cohort_id, starts_at, id);
