-- Colleagues of one organization who apply as one. Their applications name the team.
CREATE TABLE team_applications (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    organization_id {uuid} NOT NULL REFERENCES organizations (id),
    begun_by {uuid} NOT NULL REFERENCES people (id),
    mode TEXT NOT NULL CHECK (mode IN ('all_or_none', 'as_many_as_fit')),
    -- The people who have agreed.
    agreed {json} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('forming', 'sent', 'withdrawn')),
    settled_at {instant},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK ((state = 'forming') = (settled_at IS NULL))
);
CREATE INDEX team_applications_by_cohort ON team_applications (cohort_id, id);
--postgres ALTER TABLE applications ADD CONSTRAINT applications_team_id_fkey FOREIGN KEY (team_id) REFERENCES team_applications (id);
