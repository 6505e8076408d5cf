DROP TABLE journal_heads;
DROP TABLE journal;
--postgres DROP FUNCTION journal_refuses();
DROP TABLE idempotency_keys;
DROP TABLE sign_ins;
DROP TABLE grants;
DROP TABLE accounts;
DROP TABLE people;
DROP TABLE coalitions;
