DROP TABLE verifications;
DROP TABLE evidence;
DROP TABLE program_documents;
