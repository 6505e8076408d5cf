DROP TABLE attestations;
DROP TABLE documents;
