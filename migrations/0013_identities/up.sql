CREATE TABLE identities (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at {instant} NOT NULL,
    -- Tokens that were issued until then are good for nothing any more.
    signed_out_at {instant}
);
CREATE UNIQUE INDEX identities_coalition_id_issuer_subject ON identities (coalition_id, issuer, subject);
CREATE INDEX identities_by_person ON identities (person_id, created_at, id);
