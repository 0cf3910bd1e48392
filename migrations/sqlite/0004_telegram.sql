-- Bot whose init data began the session, and what the init data says about the user's Telegram client.
ALTER TABLE divan_sessions ADD COLUMN telegram_bot_id INTEGER;
ALTER TABLE divan_sessions ADD COLUMN telegram_language TEXT;
ALTER TABLE divan_sessions ADD COLUMN telegram_allows_write INTEGER;

-- Bot whose init data the event is about.
ALTER TABLE divan_audit_events ADD COLUMN bot_id INTEGER;
