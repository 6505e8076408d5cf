DROP TABLE refresh_tokens;
DROP TABLE sign_ins;
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
