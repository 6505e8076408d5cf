-- Each text that was handed in stays as it was.
CREATE TABLE proposal_submissions (
    proposal_id {uuid} NOT NULL REFERENCES proposals (id),
    number {int} NOT NULL CHECK (number >= 1),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    content {json} NOT NULL,
    submitted_at {instant} NOT NULL,
    PRIMARY KEY (proposal_id, number)
);

CREATE TABLE proposal_feedback (
    proposal_id {uuid} NOT NULL PRIMARY KEY REFERENCES proposals (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    note TEXT,
    letter TEXT,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);

CREATE TABLE facilitator_invitations (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    proposal_id {uuid} NOT NULL REFERENCES proposals (id),
    email TEXT NOT NULL,
    -- The address as it is compared.
    email_key {text} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'removed')),
    person_id {uuid} REFERENCES people (id),
    settled_at {instant},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((state = 'pending') = (settled_at IS NULL)),
    CHECK (person_id IS NOT NULL OR state IN ('pending', 'removed')),
    CHECK (person_id IS NULL OR state <> 'pending')
);
CREATE UNIQUE INDEX facilitator_invitations_proposal_id_email_key ON facilitator_invitations (proposal_id, email_key)
    WHERE state <> 'removed';
CREATE UNIQUE INDEX facilitator_invitations_proposal_id_person_id ON facilitator_invitations (proposal_id, person_id)
    WHERE state = 'accepted';
CREATE INDEX facilitator_invitations_by_proposal ON facilitator_invitations (proposal_id, created_at, id);
CREATE INDEX facilitator_invitations_by_address ON facilitator_invitations (coalition_id, email_key, created_at, id);
CREATE INDEX facilitator_invitations_by_person ON facilitator_invitations (person_id, created_at, id);
