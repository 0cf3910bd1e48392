-- When a password that was generated is no longer good; NULL for one that somebody chose.
ALTER TABLE users ADD COLUMN password_expires_at BIGINT;

-- Pages of users go by id.
CREATE INDEX users_role_id ON users (role, id);
CREATE INDEX users_is_active_id ON users (is_active, id);

-- What a user is found by: words of the name, the phone number and the e-mail address, folded by the program. A search
-- is a range of words, so they are ordered by their bytes.
CREATE TABLE user_words (
    user_id UUID             NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    word    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, word)
);
CREATE INDEX user_words_word_user_id ON user_words (word, user_id);

-- Who did what. Rows are added and, when they are old, removed; never changed. It names users without referring to
-- them, so that it outlives them.
CREATE TABLE audit (
    id         UUID   PRIMARY KEY,
    at         BIGINT NOT NULL,
    action     TEXT   NOT NULL,
    actor_id   UUID,
    subject_id UUID,
    changes    TEXT   NOT NULL,
    address    TEXT,
    request_id TEXT
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_action_id ON audit (action, id);
CREATE INDEX audit_actor_id_id ON audit (actor_id, id);
CREATE INDEX audit_subject_id_id ON audit (subject_id, id);
