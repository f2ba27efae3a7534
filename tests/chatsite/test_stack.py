"""The whole stack as processes: a turn from HTTP to the websocket and back."""

from __future__ import annotations

from tests.stack import Stack


def test_a_turn_goes_through_all_parts(stack: Stack) -> None:
    with stack.create_user() as client, stack.conversation(client) as (_conversation_id, socket):
        text = "Hello there, this is a fine day for a longer answer. And more of it."
        events: list[str] = []
        seen = socket.turn_run(f"slow:2:{text}", 30, lambda event, piece: events.append(f"{event['type']} {piece}"))
    assert seen.text == text, events
    assert seen.status == "done"


def test_audit_exits_with_1_where_the_ledger_does_not_cover_what_is_shown(stack: Stack) -> None:
    with stack.create_user() as client, stack.conversation(client) as (conversation_id, _socket):
        where = "conversation_id = ? AND role = 'assistant'"
        ((text,),) = stack.sql(f"SELECT text FROM conversations_message WHERE {where}", [conversation_id.hex])  # noqa: S608
        change = f"UPDATE conversations_message SET text = ? WHERE {where}"  # noqa: S608
        assert "1 turns and 2 messages" in stack.manage("audit_ledger", "--conversation", str(conversation_id))
        stack.sql(change, [f"{text} And more.", conversation_id.hex])
        told = stack.manage("audit_ledger", "--conversation", str(conversation_id), status=1)
        assert f"uncovered: characters {len(text)} to {len(text) + 10}" in told and "And more" not in told
        stack.sql(change, [text, conversation_id.hex])
