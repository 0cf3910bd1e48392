-- Id of a user in another system of the company, such as a personnel number.
ALTER TABLE divan_users ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX divan_users_external_id_key ON divan_users (external_id);

-- A JSON object of the application; the program never searches in it.
ALTER TABLE divan_users ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
