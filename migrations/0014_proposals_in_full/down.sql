DROP TABLE proposal_submissions;
