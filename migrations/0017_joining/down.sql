DROP TABLE waitlist_moves;
