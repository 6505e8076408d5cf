CREATE TABLE api_clients (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    name TEXT NOT NULL,
    -- By which lists are sorted.
    name_key {text} NOT NULL,
    scopes {json} NOT NULL,
    revoked_at {instant},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);
CREATE INDEX api_clients_by_name ON api_clients (coalition_id, name_key, id);

CREATE TABLE client_secrets (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    client_id {uuid} NOT NULL REFERENCES api_clients (id),
    secret_hash {bytes} NOT NULL,
    created_at {instant} NOT NULL,
    last_used_at {instant},
    revoked_at {instant}
);
CREATE UNIQUE INDEX client_secrets_secret_hash ON client_secrets (secret_hash);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id, created_at);

CREATE TABLE client_tokens (
    -- The `jti` of the access token.
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    client_id {uuid} NOT NULL REFERENCES api_clients (id),
    -- For which secret it was given: it lives no longer than that.
    secret_id {uuid} NOT NULL REFERENCES client_secrets (id),
    scopes {json} NOT NULL,
    expires_at {instant} NOT NULL,
    revoked_at {instant}
);
CREATE INDEX client_tokens_by_end ON client_tokens (expires_at);
