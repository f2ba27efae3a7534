"""What a person sees when something goes wrong, and that nothing they typed is lost."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from chatsite.client import SiteClient
from tests.browser.chat import ChatPage
from tests.browser.conftest import ChatOpen, PageOpen
from tests.stack import PASSWORD, Stack

SOCKETS = re.compile(r"/ws/conversations/")


async def stored(page: Page) -> str:
    return str(await page.evaluate("JSON.stringify(localStorage)"))


async def frames_answer(page: Page, kind: str, answer: dict[str, object]) -> None:
    """The server's answer to frames of that kind is this one; it never sees them."""

    def on_socket(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def on_frame(message: str | bytes) -> None:
            frame = json.loads(message)
            if frame["type"] == kind:
                route.send(json.dumps({**answer, "client_id": frame["client_id"]}))
            else:
                server.send(message)

        route.on_message(on_frame)

    await page.route_web_socket(SOCKETS, on_socket)


async def test_a_draft_survives_a_reload(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.box.fill("not yet sent")
    await chat.page.reload()
    await chat.connected()
    await expect(chat.box).to_have_value("not yet sent")
    await chat.open()
    await expect(chat.box).to_have_value("")
    await chat.box.fill("another one")
    await chat.page.reload()
    await expect(chat.box).to_have_value("another one")
    await chat.open(conversation)
    await expect(chat.box).to_have_value("not yet sent")
    await chat.ask("say:sent now")
    await chat.answered(2, "sent now")
    await chat.page.reload()
    await chat.connected()
    await expect(chat.box).to_have_value("")


async def test_the_draft_of_a_first_prompt_goes_once_it_was_taken(open_chat: ChatOpen) -> None:
    chat = await open_chat()
    await chat.ask("say:first")
    await chat.answered(1, "first")
    await chat.open()
    await expect(chat.box).to_have_value("")


async def test_going_back_and_sending_something_else_starts_something_else(open_chat: ChatOpen) -> None:
    chat = await open_chat()
    await chat.ask("say:first")
    await chat.answered(1, "first")
    await chat.page.go_back()
    await chat.ask("say:second")
    await chat.answered(1, "second")


async def test_a_refused_prompt_stays_with_its_reason(
    open_page: PageOpen, person: SiteClient, conversation: str
) -> None:
    page = await open_page(person)
    refusal = {"type": "error", "code": "queue_full", "message": "Many people are waiting.", "retry_after": 30}
    await frames_answer(page, "prompt", refusal)
    chat = await ChatPage(page).open(conversation)
    await chat.ask("say:keep me")
    await expect(chat.alert).to_have_text("Many people are waiting.")
    await expect(chat.box).to_have_value("say:keep me")
    await expect(chat.box).to_be_editable()
    await expect(chat.box).to_be_focused()
    assert await chat.prompts.count() == 1


async def test_a_first_prompt_that_is_too_long_stays(open_chat: ChatOpen) -> None:
    chat = await open_chat()
    await chat.box.fill("x" * 16_001)
    await chat.send_button.click()
    await expect(chat.alert).to_contain_text("at most 16000 are possible")
    assert len(await chat.box.input_value()) == 16_001


async def test_offline_keeps_the_text_and_sends_it_later(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.page.context.set_offline(True)
    await expect(chat.connection).to_contain_text("You are offline")
    await chat.ask("say:written in a tunnel")
    await expect(chat.connection).to_contain_text("it is sent when the connection is back")
    await expect(chat.box).to_have_value("say:written in a tunnel")
    assert await chat.prompts.count() == 1
    await chat.page.context.set_offline(False)
    await chat.answered(2, "written in a tunnel")
    await expect(chat.connection).to_be_hidden()
    await expect(chat.box).to_have_value("")
    await expect(chat.prompts).to_have_count(2)


async def test_a_reload_while_sending_sends_once(open_page: PageOpen, person: SiteClient, conversation: str) -> None:
    page = await open_page(person)
    sent: list[str] = []
    is_deaf = False

    def on_socket(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def to_server(message: str | bytes) -> None:
            nonlocal is_deaf
            frame = json.loads(message)
            if frame["type"] == "prompt":
                is_deaf = True
                sent.append(frame["client_id"])
            server.send(message)

        route.on_message(to_server)
        server.on_message(lambda message: None if is_deaf else route.send(message))

    await page.route_web_socket(SOCKETS, on_socket)
    chat = await ChatPage(page).open(conversation)
    await chat.ask("say:once")
    await expect(chat.box).not_to_be_editable()
    await page.reload()
    await chat.connected()
    # The page does not know yet that its prompt arrived. Sent again, it goes by the same name.
    await expect(chat.box).to_have_value("say:once")
    await chat.box.press("Enter")
    await expect(chat.box).not_to_be_editable()
    is_deaf = False
    await page.reload()
    await chat.answered(2, "once")
    await expect(chat.box).to_have_value("")
    await expect(chat.prompts).to_have_count(2)
    assert len(sent) == 2
    assert len(set(sent)) == 1


async def test_a_restarted_server_in_the_middle(open_chat: ChatOpen, conversation: str, stack: Stack) -> None:
    chat = await open_chat(conversation)
    await chat.ask("long:120:20")
    await expect(chat.live).to_contain_text("word5")
    stack.kill("web")
    await expect(chat.connection).to_contain_text("Reconnecting")
    await expect(chat.live).to_contain_text("word5")
    stack.start_part("web")
    reply = await chat.answered(2)
    assert await reply.locator(".prose").inner_text() == " ".join(f"word{number}" for number in range(1, 121))
    await expect(chat.connection).to_be_hidden()
    await expect(chat.prompts).to_have_count(2)


async def test_a_silent_server_is_noticed(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.page.clock.install()
    await chat.page.reload()
    await chat.connected()

    def swallow(route: WebSocketRoute) -> None:
        route.connect_to_server()
        route.on_message(lambda _message: None)

    await chat.page.route_web_socket(SOCKETS, swallow)
    await chat.page.reload()
    await chat.connected()
    await chat.page.clock.run_for(21_000)  # a ping
    await chat.page.clock.run_for(9_000)  # and no answer
    await expect(chat.connection).to_contain_text("Reconnecting")


async def test_signing_out_elsewhere_says_so_and_keeps_the_text(
    open_chat: ChatOpen, conversation: str, person: SiteClient
) -> None:
    chat = await open_chat(conversation)
    await chat.box.fill("half a thou")
    person.form_post("/accounts/logout/", {})
    await expect(chat.connection).to_contain_text("You were signed out")
    await chat.box.press_sequentially("ght")
    link = chat.page.get_by_role("link", name="Sign in again")
    assert f"next=%2Fc%2F{conversation}%2F" in (await link.get_attribute("href") or "")
    await expect(chat.box).to_have_value("half a thought")


async def test_signing_out_here_leaves_no_drafts(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.box.fill("private")
    await expect(chat.page.locator("#composer-text")).to_have_value("private")
    await chat.page.get_by_role("button", name="Sign out").click()
    await expect(chat.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert "private" not in await stored(chat.page)


async def test_signing_out_in_one_tab_leaves_no_drafts_of_another(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    other = await chat.page.context.new_page()
    await other.goto("/")
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_role("heading", name="Welcome back")).to_be_visible()
    await expect(chat.connection).to_contain_text("what you wrote is not kept")
    await chat.box.fill("private")
    await chat.page.goto("/accounts/login/")  # a page that is left stores its box
    assert "private" not in await stored(chat.page)


async def test_a_new_password_in_one_tab_keeps_the_others(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.page.evaluate("""
        document.querySelector("#connection").textContent = "";
        window.said = [];
        new MutationObserver(() => said.push(document.querySelector("#connection").textContent))
            .observe(document.querySelector("#connection"), { childList: true, attributes: true });
    """)
    other = await chat.page.context.new_page()
    await other.goto("/accounts/password/change/")
    await other.locator("[name=oldpassword]").fill(PASSWORD)
    await other.locator("[name=password1]").fill("other-Harbour-56")
    await other.locator("[name=password2]").fill("other-Harbour-56")
    await other.locator("[name=password2]").press("Enter")
    await chat.page.wait_for_function("said.some((text) => text.includes('Reconnecting'))")
    await expect(chat.page.locator("#connection[data-state=open]")).to_be_attached()
    await chat.ask("say:still here")
    await chat.answered(2, "still here")
    assert not any("signed out" in text for text in await chat.page.evaluate("said"))


async def test_a_retry_from_a_tab_that_was_away_takes_nothing_off_the_page(
    open_chat: ChatOpen, conversation: str
) -> None:
    away, here = await open_chat(conversation), await open_chat(conversation)
    await away.ask("fail:engine_error")
    await expect(away.page.locator("[data-kind=failed]")).to_be_visible()
    await away.page.context.set_offline(True)
    await expect(away.connection).to_contain_text("You are offline")
    await away.page.get_by_role("button", name="Try again").click()
    await here.ask("say:second")
    await here.answered(2, "second")
    await here.ask("say:third")
    await here.answered(3, "third")
    await away.page.context.set_offline(False)
    await away.answered(3, "third")
    await expect(away.connection).to_be_hidden()
    await expect(away.prompts).to_have_count(4)
    # Taken back in silence: nothing is left to try again, and nothing went wrong.
    await expect(away.page.get_by_role("button", name="Try again")).to_have_count(0)
    await here.page.reload()
    await here.connected()
    await expect(here.prompts).to_have_count(4)


async def test_a_conversation_deleted_elsewhere(open_chat: ChatOpen, conversation: str, person: SiteClient) -> None:
    chat = await open_chat(conversation)
    person.form_post(f"/c/{conversation}/delete/", {})
    await expect(chat.connection).to_contain_text("This conversation was deleted")
    await chat.page.get_by_role("link", name="Start a new one").click()
    await expect(chat.page).to_have_url(re.compile(r"/$"))


async def test_a_name_given_elsewhere_arrives(open_chat: ChatOpen, conversation: str, person: SiteClient) -> None:
    chat = await open_chat(conversation)
    person.form_post(f"/c/{conversation}/rename/", {"title": "Trains of thought"})
    await expect(chat.title).to_have_text("Trains of thought")
    await expect(chat.page).to_have_title(re.compile("^Trains of thought · "))
    await expect(chat.page.locator(f'[data-conversation="{conversation}"]')).to_have_text("Trains of thought")


async def test_a_killed_worker_in_the_middle(open_chat: ChatOpen, conversation: str, stack: Stack) -> None:
    chat = await open_chat(conversation)
    await chat.ask("long:100:20")
    await expect(chat.live).to_contain_text("word5")
    stack.kill_worker()
    stack.start_part("inference")
    await expect(chat.replies).to_have_count(2, timeout=60_000)
    reply = await chat.answered(2)
    assert await reply.locator(".prose").inner_text() == " ".join(f"word{number}" for number in range(1, 101))


@pytest.mark.parametrize("path", ["/nowhere/", "/c/00000000-0000-0000-0000-000000000000/"])
async def test_a_missing_page_leads_back(open_page: PageOpen, person: SiteClient, path: str) -> None:
    page = await open_page(person)
    await page.goto(path)
    await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    await page.get_by_role("link", name="To the chat").click()
    await expect(page.locator("#composer-text")).to_be_visible()
