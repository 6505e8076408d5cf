-- Token buckets that all copies of the server share. Nothing is kept of a bucket but when it is full again.
CREATE TABLE throttles (
    -- Over the bucket's name and whose it is, with the server's secret.
    key_hash {bytes} NOT NULL PRIMARY KEY,
    full_at {instant} NOT NULL
);
CREATE INDEX throttles_by_end ON throttles (full_at);
