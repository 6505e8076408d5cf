DROP TABLE milestones;
DROP TABLE programs;
