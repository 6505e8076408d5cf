-- What a program asks for, each version as it was: answers and verifications refer to the one they were judged by.
CREATE TABLE program_documents (
    program_id {uuid} NOT NULL REFERENCES programs (id),
    kind {text} NOT NULL CHECK (
        kind IN ('application_form', 'commitments', 'verification_policy', 'rubric', 'stipend_plan')
    ),
    version {int} NOT NULL CHECK (version >= 1),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    content {json} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (program_id, kind, version)
);

CREATE TABLE evidence (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    employment_id {uuid} NOT NULL REFERENCES employments (id),
    kind TEXT NOT NULL CHECK (kind IN (
        'self_declared', 'email_domain', 'supervisor_attestation', 'document', 'crm_match', 'staff_override')),
    dated_at {instant} NOT NULL,
    reason TEXT,
    CHECK (kind <> 'staff_override' OR reason IS NOT NULL)
);
CREATE INDEX evidence_by_employment ON evidence (employment_id, dated_at);

CREATE TABLE verifications (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    employment_id {uuid} NOT NULL REFERENCES employments (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    program_id {uuid} NOT NULL REFERENCES programs (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'verified', 'expired', 'revoked', 'rejected')),
    -- Since when it is verified, expired, revoked or rejected.
    settled_at {instant},
    -- When it was rejected or taken back last: only evidence from after that counts.
    evidence_after {instant},
    evidence_id {uuid} REFERENCES evidence (id),
    evidence_kind TEXT CHECK (evidence_kind IN (
        'self_declared', 'email_domain', 'supervisor_attestation', 'document', 'crm_match', 'staff_override')),
    valid_until {instant},
    -- When the person is to be asked to renew it, as long as that was not done.
    renewal_due_at {instant},
    cause TEXT CHECK (cause IN ('decision', 'employment_ended', 'membership_ended')),
    reason TEXT,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((state = 'open') = (settled_at IS NULL)),
    CHECK ((state = 'verified') = (evidence_id IS NOT NULL AND evidence_kind IS NOT NULL AND valid_until IS NOT NULL)),
    CHECK (state = 'verified' OR renewal_due_at IS NULL),
    CHECK ((state = 'revoked') = (cause IS NOT NULL)),
    CHECK (state <> 'rejected' OR reason IS NOT NULL)
);
CREATE UNIQUE INDEX verifications_employment_id_program_id ON verifications (employment_id, program_id);
CREATE INDEX verifications_by_age ON verifications (coalition_id, created_at, id);
CREATE INDEX verifications_by_person ON verifications (person_id, created_at, id);
CREATE INDEX verifications_by_end ON verifications (coalition_id, valid_until) WHERE state = 'verified';
CREATE INDEX verifications_by_renewal ON verifications (coalition_id, renewal_due_at) WHERE renewal_due_at IS NOT NULL;
