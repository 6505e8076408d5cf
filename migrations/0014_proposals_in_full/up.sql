-- Each text that was handed in stays as it was.
CREATE TABLE proposal_submissions (
    proposal_id {uuid} NOT NULL REFERENCES proposals (id),
    number {int} NOT NULL CHECK (number >= 1),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    content {json} NOT NULL,
    submitted_at {instant} NOT NULL,
    PRIMARY KEY (proposal_id, number)
);
