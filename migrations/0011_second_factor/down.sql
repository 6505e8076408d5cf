DROP TABLE recovery_codes;
DROP TABLE totp_secrets;
ALTER TABLE coalitions DROP COLUMN second_factor;
