-- What can be found: one row of conversations_searchentry for each message that has text, and its text under the same
-- number in an FTS5 table of all runs of three characters. See conversations/search_index.py.
CREATE VIRTUAL TABLE IF NOT EXISTS conversations_searchtext USING fts5(text, tokenize='trigram');

CREATE TRIGGER IF NOT EXISTS conversations_search_forget AFTER DELETE ON conversations_searchentry
BEGIN
    DELETE FROM conversations_searchtext WHERE rowid = OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS conversations_search_insert AFTER INSERT ON conversations_message
WHEN NEW.text <> '' AND NEW.state NOT IN ('withheld', 'withdrawn')
BEGIN
    INSERT INTO conversations_searchentry (message_id, owner_id, created_at)
    SELECT NEW.id, owner_id, NEW.created_at FROM conversations_conversation WHERE id = NEW.conversation_id;
    INSERT INTO conversations_searchtext (rowid, text)
    SELECT id, NEW.text FROM conversations_searchentry WHERE message_id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS conversations_search_update AFTER UPDATE OF text, state ON conversations_message
BEGIN
    DELETE FROM conversations_searchentry WHERE message_id = NEW.id;
    INSERT INTO conversations_searchentry (message_id, owner_id, created_at)
    SELECT NEW.id, owner_id, NEW.created_at FROM conversations_conversation
    WHERE id = NEW.conversation_id AND NEW.text <> '' AND NEW.state NOT IN ('withheld', 'withdrawn');
    INSERT INTO conversations_searchtext (rowid, text)
    SELECT id, NEW.text FROM conversations_searchentry WHERE message_id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS conversations_search_delete AFTER DELETE ON conversations_message
BEGIN
    DELETE FROM conversations_searchentry WHERE message_id = OLD.id;
END;
