DROP TABLE facilitator_invitations;
DROP TABLE proposal_feedback;
DROP TABLE proposal_submissions;
