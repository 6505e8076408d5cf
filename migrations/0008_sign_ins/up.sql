-- Sessions are begun anew: everybody signs in once more.
DROP TABLE sign_ins;
CREATE TABLE sign_ins (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    user_agent TEXT,
    created_at {instant} NOT NULL,
    authenticated_at {instant} NOT NULL,
    second_factor_at {instant},
    refreshed_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    ended_at {instant}
);
CREATE INDEX sign_ins_by_person ON sign_ins (person_id, created_at, id);
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);

CREATE TABLE refresh_tokens (
    -- Also the `jti` of the access token that was given with it.
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    sign_in_id {uuid} NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL,
    created_at {instant} NOT NULL,
    exchanged_at {instant},
    successor_id {uuid},
    revoked_at {instant},
    -- When the access token was first used: then its answer was not lost.
    access_used_at {instant},
    CHECK ((exchanged_at IS NULL) = (successor_id IS NULL))
);
CREATE UNIQUE INDEX refresh_tokens_token_hash ON refresh_tokens (token_hash);
CREATE INDEX refresh_tokens_by_sign_in ON refresh_tokens (sign_in_id);
