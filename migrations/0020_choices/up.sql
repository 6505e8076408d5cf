-- The order of a person's wishes among the cohorts of each program: a version for all of a person's, and a row for each wish.
CREATE TABLE choice_lists (
    person_id {uuid} NOT NULL PRIMARY KEY REFERENCES people (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);

CREATE TABLE choices (
    person_id {uuid} NOT NULL REFERENCES choice_lists (person_id),
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    program_id {uuid} NOT NULL REFERENCES programs (id),
    -- The first is 1.
    rank {int} NOT NULL CHECK (rank BETWEEN 1 AND 3),
    PRIMARY KEY (person_id, cohort_id)
);
CREATE UNIQUE INDEX choices_person_id_program_id_rank ON choices (person_id, program_id, rank);
