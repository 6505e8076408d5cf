CREATE TABLE coalitions (
    id {uuid} NOT NULL PRIMARY KEY,
    slug {text} NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    website TEXT,
    contact_email TEXT,
    front_end_url TEXT,
    mode TEXT NOT NULL CHECK (mode IN ('live', 'sandbox')),
    test_now {instant},
    -- A sandbox that was reset: its rows stay, out of reach, because the journal is never deleted.
    retired_at {instant},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((mode = 'sandbox') = (test_now IS NOT NULL))
);
CREATE UNIQUE INDEX coalitions_slug ON coalitions (slug) WHERE retired_at IS NULL;

CREATE TABLE people (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    email TEXT NOT NULL,
    -- The address as it is compared: databases fold case differently.
    email_key {text} NOT NULL,
    email_proven_at {instant},
    -- By which lists are sorted and searched.
    name_key {text} NOT NULL,
    time_zone TEXT,
    external_id {text},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);
CREATE UNIQUE INDEX people_coalition_id_email_key ON people (coalition_id, email_key);
CREATE UNIQUE INDEX people_coalition_id_external_id ON people (coalition_id, external_id);
CREATE INDEX people_by_name ON people (coalition_id, name_key, id);
CREATE INDEX people_by_change ON people (coalition_id, updated_at, id);

CREATE TABLE accounts (
    person_id {uuid} NOT NULL PRIMARY KEY REFERENCES people (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    password_hash TEXT,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);

CREATE TABLE grants (
    person_id {uuid} NOT NULL REFERENCES people (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    name TEXT NOT NULL CHECK (name IN ('staff', 'reviewer', 'owner')),
    created_at {instant} NOT NULL,
    PRIMARY KEY (person_id, name)
);

CREATE TABLE sign_ins (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    refresh_hash {bytes} NOT NULL,
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    ended_at {instant}
);
CREATE UNIQUE INDEX sign_ins_refresh_hash ON sign_ins (refresh_hash);
CREATE INDEX sign_ins_by_person ON sign_ins (person_id, created_at);

CREATE TABLE idempotency_keys (
    -- Over the caller, the method, the path and the key.
    scope_hash {bytes} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    fingerprint {bytes} NOT NULL,
    status {int},
    headers {json},
    body {bytes},
    created_at {instant} NOT NULL
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE journal (
    number {numbered},
    id {uuid} NOT NULL,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    type TEXT NOT NULL,
    occurred_at {instant} NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id {uuid},
    origin TEXT NOT NULL,
    request_id {uuid},
    subject_kind TEXT NOT NULL,
    subject_id {uuid} NOT NULL,
    data {json} NOT NULL,
    reason TEXT,
    -- Given once, by the sequencer.
    position {int},
    seal {bytes},
    CHECK ((position IS NULL) = (seal IS NULL))
);
CREATE UNIQUE INDEX journal_id ON journal (id);
CREATE UNIQUE INDEX journal_coalition_id_position ON journal (coalition_id, position);
CREATE INDEX journal_unplaced ON journal (coalition_id, number) WHERE position IS NULL;
CREATE INDEX journal_by_subject ON journal (coalition_id, subject_id, position);

CREATE TABLE journal_heads (
    coalition_id {uuid} NOT NULL PRIMARY KEY REFERENCES coalitions (id),
    position {int} NOT NULL,
    seal {bytes} NOT NULL
);

-- An entry is never changed but for the one step that gives it its place, and never deleted.
--sqlite CREATE TRIGGER journal_is_kept BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
--sqlite CREATE TRIGGER journal_is_final BEFORE UPDATE ON journal
--sqlite WHEN OLD.position IS NOT NULL OR NEW.position IS NULL OR OLD.number IS NOT NEW.number OR OLD.id IS NOT NEW.id
--sqlite     OR OLD.coalition_id IS NOT NEW.coalition_id OR OLD.type IS NOT NEW.type OR OLD.occurred_at IS NOT NEW.occurred_at
--sqlite     OR OLD.actor_kind IS NOT NEW.actor_kind OR OLD.actor_id IS NOT NEW.actor_id OR OLD.origin IS NOT NEW.origin
--sqlite     OR OLD.request_id IS NOT NEW.request_id OR OLD.subject_kind IS NOT NEW.subject_kind
--sqlite     OR OLD.subject_id IS NOT NEW.subject_id OR OLD.data IS NOT NEW.data OR OLD.reason IS NOT NEW.reason
--sqlite BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
--postgres CREATE FUNCTION journal_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
--postgres BEGIN
--postgres     IF TG_OP = 'UPDATE' AND OLD.position IS NULL AND NEW.position IS NOT NULL
--postgres         AND to_jsonb(OLD) - 'position' - 'seal' = to_jsonb(NEW) - 'position' - 'seal' THEN
--postgres         RETURN NEW;
--postgres     END IF;
--postgres     RAISE EXCEPTION 'the journal is append-only';
--postgres END $$;
--postgres CREATE TRIGGER journal_is_final BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION journal_refuses();
--postgres CREATE TRIGGER journal_is_kept BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION journal_refuses();
