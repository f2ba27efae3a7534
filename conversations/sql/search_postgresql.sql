-- What can be found: one row of conversations_searchentry for each message that has text. See conversations/search_index.py.
ALTER TABLE conversations_searchentry ADD COLUMN IF NOT EXISTS vector tsvector;

-- A word is a run of letters, digits and underscores; of scripts without spaces, each character is a word of its own.
-- Not to_tsvector: its parser depends on the locale of the database, and takes addresses and hyphens apart in its own way.
CREATE OR REPLACE FUNCTION conversations_search_words(body text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT left(found[1], 100)), '{}')
    FROM regexp_matches(
        lower(body),
        '([\u2E80-\u2FDF\u3005-\u3007\u3040-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]'
        '|[0-9A-Za-z_\u00AA\u00B5\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u1FFF\u2C00-\u2DFF\uA000-\uD7FF\uFB00-\uFDFF\uFE70-\uFEFE]+)',
        'g'
    ) AS found
$$;

CREATE OR REPLACE FUNCTION conversations_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM conversations_searchentry WHERE message_id = OLD.id;
    -- Not "UPDATE OF": a column that a trigger names cannot change its type in a migration.
    ELSIF TG_OP = 'UPDATE' AND NEW.text = OLD.text AND NEW.state = OLD.state THEN
        RETURN NULL;
    ELSIF NEW.text = '' OR NEW.state IN ('withheld', 'withdrawn') THEN
        DELETE FROM conversations_searchentry WHERE message_id = NEW.id;
    ELSE
        INSERT INTO conversations_searchentry (message_id, owner_id, created_at, vector)
        SELECT NEW.id, owner_id, NEW.created_at, array_to_tsvector(conversations_search_words(NEW.text))
        FROM conversations_conversation WHERE id = NEW.conversation_id
        ON CONFLICT (message_id) DO UPDATE SET vector = EXCLUDED.vector;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER conversations_search_follow
    AFTER INSERT OR UPDATE OR DELETE ON conversations_message
    FOR EACH ROW EXECUTE FUNCTION conversations_search_follow();

CREATE INDEX IF NOT EXISTS conversations_search_words ON conversations_searchentry USING gin (vector);
