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
