CREATE TABLE proposals (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    program_id {uuid} NOT NULL REFERENCES programs (id),
    author_id {uuid} NOT NULL REFERENCES people (id),
    -- The people who agreed to facilitate with the author.
    co_facilitators {json} NOT NULL,
    title TEXT NOT NULL,
    abstract TEXT,
    audience {json} NOT NULL,
    goals {json} NOT NULL,
    session_plan TEXT,
    capacity_min {int},
    capacity_max {int},
    -- How many texts were handed in.
    submission {int} NOT NULL,
    submitted_at {instant},
    -- Until when its author can hand in the draft, where that is longer than for others.
    extended_until {instant},
    -- What its author has written since a revision was asked for: beside the text that was handed in.
    revision {json},
    revision_due_at {instant},
    revision_requests {json} NOT NULL,
    -- What its author was told with the decision that was last released.
    letter TEXT,
    state TEXT NOT NULL CHECK (
        state IN ('draft', 'submitted', 'in_review', 'revision_requested', 'accepted', 'confirmed', 'rejected', 'withdrawn', 'declined')
    ),
    -- Since when it is accepted, confirmed, rejected, withdrawn or declined.
    settled_at {instant},
    staged_decision TEXT CHECK (staged_decision IN ('accept', 'reject', 'reserve')),
    staged_rank {int} CHECK (staged_rank > 0),
    reserve_rank {int} CHECK (reserve_rank > 0),
    confirm_until {instant},
    lapsed {bool} NOT NULL,
    -- The cohort refers back to its proposal, and the database holds that reference.
    cohort_id {uuid},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((capacity_min IS NULL) = (capacity_max IS NULL)),
    CHECK (capacity_min <= capacity_max),
    CHECK ((submission > 0) = (submitted_at IS NOT NULL)),
    CHECK (submitted_at IS NOT NULL OR state IN ('draft', 'withdrawn')),
    CHECK ((settled_at IS NOT NULL) = (state IN ('accepted', 'confirmed', 'rejected', 'withdrawn', 'declined'))),
    CHECK ((revision_due_at IS NOT NULL) = (state = 'revision_requested')),
    CHECK (state = 'revision_requested' OR revision IS NULL),
    CHECK (state = 'in_review' OR (staged_decision IS NULL AND reserve_rank IS NULL)),
    CHECK ((staged_rank IS NOT NULL) = (staged_decision IS NOT NULL AND staged_decision = 'reserve')),
    CHECK (state = 'accepted' OR confirm_until IS NULL),
    CHECK (state = 'declined' OR NOT lapsed),
    CHECK (state = 'confirmed' OR cohort_id IS NULL)
);
CREATE UNIQUE INDEX proposals_cohort_id ON proposals (cohort_id);
CREATE INDEX proposals_by_program ON proposals (program_id, created_at, id);
CREATE INDEX proposals_by_author ON proposals (author_id, created_at, id);
