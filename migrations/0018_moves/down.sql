--postgres ALTER TABLE applications DROP CONSTRAINT applications_team_id_fkey;
DROP TABLE team_applications;
