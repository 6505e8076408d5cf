-- Files that people uploaded as evidence. The row stays when the file is deleted.
CREATE TABLE documents (
    evidence_id {uuid} NOT NULL PRIMARY KEY REFERENCES evidence (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    verification_id {uuid} NOT NULL REFERENCES verifications (id),
    employment_id {uuid} NOT NULL REFERENCES employments (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    -- Where the bytes are kept.
    file_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg')),
    size {int} NOT NULL CHECK (size > 0),
    sha256 {bytes} NOT NULL,
    kept_until {instant} NOT NULL,
    deleted_at {instant},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);
CREATE UNIQUE INDEX documents_file_id ON documents (file_id);
CREATE INDEX documents_by_verification ON documents (verification_id);
CREATE INDEX documents_by_employment ON documents (employment_id);
CREATE INDEX documents_by_person ON documents (person_id);
CREATE INDEX documents_by_end ON documents (coalition_id, kept_until) WHERE deleted_at IS NULL;

-- Questions put to supervisors.
CREATE TABLE attestations (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    verification_id {uuid} NOT NULL REFERENCES verifications (id),
    employment_id {uuid} NOT NULL REFERENCES employments (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    email TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'confirmed', 'denied', 'superseded')),
    -- By which link it can be answered, while it can. A link is deleted when it is used.
    link_id {uuid},
    expires_at {instant},
    settled_at {instant},
    -- Who answered, as they say themselves.
    attester_name TEXT,
    attester_title TEXT,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((state = 'asked') = (link_id IS NOT NULL) AND (state = 'asked') = (expires_at IS NOT NULL)),
    CHECK ((state = 'asked') = (settled_at IS NULL)),
    CHECK ((state IN ('confirmed', 'denied')) = (attester_name IS NOT NULL)),
    CHECK (attester_name IS NOT NULL OR attester_title IS NULL)
);
-- One question at a time.
CREATE UNIQUE INDEX attestations_verification_id ON attestations (verification_id) WHERE state = 'asked';
CREATE UNIQUE INDEX attestations_link_id ON attestations (link_id);
CREATE INDEX attestations_by_verification ON attestations (verification_id, created_at);
