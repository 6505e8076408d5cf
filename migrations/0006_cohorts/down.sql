DROP TABLE applications;
DROP TABLE cohort_facilitators;
DROP TABLE cohorts;
