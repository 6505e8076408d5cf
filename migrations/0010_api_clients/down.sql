DROP TABLE client_tokens;
DROP TABLE client_secrets;
DROP TABLE api_clients;
