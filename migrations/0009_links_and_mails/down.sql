DROP TABLE mails;
DROP TABLE links;
