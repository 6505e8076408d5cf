-- A link that was used, or overtaken by a newer one, is deleted.
CREATE TABLE links (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    kind TEXT NOT NULL CHECK (kind IN ('register', 'reset_password', 'change_email', 'set_up_account', 'attest')),
    person_id {uuid} REFERENCES people (id),
    email TEXT NOT NULL,
    email_key {text} NOT NULL,
    -- Of whoever registers: no person's until the address is shown to be theirs.
    given_name TEXT,
    family_name TEXT,
    -- SHA-256 of the token, from when that was made.
    token_hash {bytes},
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    CHECK ((kind = 'register') = (given_name IS NOT NULL) AND (kind = 'register') = (family_name IS NOT NULL))
);
-- A supervisor can be asked about several people at once.
CREATE UNIQUE INDEX links_coalition_id_kind_email_key ON links (coalition_id, kind, email_key) WHERE kind <> 'attest';
CREATE UNIQUE INDEX links_token_hash ON links (token_hash);
CREATE INDEX links_by_end ON links (expires_at);

CREATE TABLE mails (
    -- Also the Message-ID, the same in every attempt.
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    kind TEXT NOT NULL CHECK (kind IN (
        'verify_email', 'account_exists', 'reset_password', 'password_changed', 'confirm_email', 'email_changed',
        'refresh_token_reused', 'second_factor_enrolled', 'second_factor_removed', 'second_factor_taken', 'second_factor_blocked',
        'recovery_codes_made', 'recovery_code_used', 'identity_linked', 'account_suspended', 'account_reinstated',
        'proposal_accepted', 'proposal_rejected', 'proposal_reserved', 'proposal_promoted', 'proposal_not_placed',
        'revision_requested', 'revision_lapsed', 'submission_extended', 'facilitator_invited', 'reviews_assigned',
        'transfer_offered', 'cohort_changed', 'stipend_paid',
        'attest_employment', 'verification_ending', 'verification_revoked', 'verification_rejected')),
    person_id {uuid} REFERENCES people (id),
    address TEXT NOT NULL,
    link_id {uuid} REFERENCES links (id) ON DELETE SET NULL,
    -- The thing that it is about, where its kind is about one.
    subject_id {uuid},
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'dropped')),
    attempts {int} NOT NULL,
    next_attempt_at {instant} NOT NULL,
    -- Until when somebody is sending it.
    lease_until {instant},
    created_at {instant} NOT NULL,
    sent_at {instant},
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX mails_pending ON mails (coalition_id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX mails_by_link ON mails (link_id);
CREATE INDEX mails_by_age ON mails (created_at);
