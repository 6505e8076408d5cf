ALTER TABLE coalitions ADD COLUMN second_factor TEXT NOT NULL DEFAULT 'optional' CHECK (second_factor IN ('optional', 'required'));

CREATE TABLE totp_secrets (
    person_id {uuid} NOT NULL PRIMARY KEY REFERENCES people (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    -- Sealed: whoever reads the database alone cannot make codes.
    secret {bytes},
    -- The one that takes its place once a code of it is shown.
    pending_secret {bytes},
    created_at {instant} NOT NULL,
    confirmed_at {instant},
    -- The latest step of which a code was shown: each is good once.
    last_step {int},
    wrong_codes {int} NOT NULL CHECK (wrong_codes >= 0),
    blocked_until {instant},
    CHECK ((secret IS NULL) = (confirmed_at IS NULL)),
    CHECK ((secret IS NULL) = (last_step IS NULL)),
    CHECK (secret IS NOT NULL OR pending_secret IS NOT NULL)
);

CREATE TABLE recovery_codes (
    code_hash {bytes} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    created_at {instant} NOT NULL,
    used_at {instant}
);
CREATE INDEX recovery_codes_by_person ON recovery_codes (person_id);
