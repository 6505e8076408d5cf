-- Files that people uploaded to answer application forms with. Which application names one stands in its answers alone.
CREATE TABLE files (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg')),
    size {int} NOT NULL CHECK (size > 0),
    sha256 {bytes} NOT NULL,
    -- Until when it is kept though no application names it.
    kept_until {instant} NOT NULL,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);
CREATE INDEX files_by_person ON files (person_id, created_at, id);
CREATE INDEX files_by_end ON files (coalition_id, kept_until);
