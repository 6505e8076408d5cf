CREATE TABLE reviews (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    program_id {uuid} NOT NULL REFERENCES programs (id),
    proposal_id {uuid} NOT NULL REFERENCES proposals (id),
    reviewer_id {uuid} NOT NULL REFERENCES people (id),
    scores {json} NOT NULL,
    comment TEXT,
    note_to_staff TEXT,
    -- The text that is judged, by its number.
    submission {int} CHECK (submission >= 1),
    state TEXT NOT NULL CHECK (state IN ('assigned', 'in_progress', 'submitted', 'conflicted', 'removed')),
    -- Since when it is submitted, conflicted or removed.
    settled_at {instant},
    conflict TEXT CHECK (conflict IN ('own_proposal', 'same_organization', 'collaborator', 'personal', 'other')),
    conflict_note TEXT,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((settled_at IS NULL) = (state IN ('assigned', 'in_progress'))),
    CHECK (submission IS NOT NULL OR state NOT IN ('in_progress', 'submitted')),
    CHECK ((conflict IS NOT NULL) = (state = 'conflicted')),
    CHECK (conflict_note IS NULL OR conflict IS NOT NULL)
);
-- Once for a reviewer and a proposal, but for what was taken away.
CREATE UNIQUE INDEX reviews_proposal_id_reviewer_id ON reviews (proposal_id, reviewer_id) WHERE state <> 'removed';
CREATE INDEX reviews_by_program ON reviews (program_id, proposal_id);
CREATE INDEX reviews_by_reviewer ON reviews (reviewer_id, created_at, id);
