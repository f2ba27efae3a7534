"""Sentences that the browser's code shows, translated here, because the code itself comes as static files."""

from __future__ import annotations

from django.utils.translation import gettext as _


def browser_strings() -> dict[str, str]:
    """Name -> sentence in the active language. ``{0}`` stands for a number or a name put in by the browser."""
    return {
        "queued": _("Waiting for a free place: number {0} in the queue"),
        "queuedNext": _("You are next"),
        "thinking": _("Thinking"),
        "writing": _("Writing"),
        "checking": _("Checking the reply"),
        "stopping": _("Stopping"),
        "sending": _("Sending"),
        "retry": _("Try again"),
        "editPrompt": _("Edit your message"),
        "reconnecting": _("Connection lost. Reconnecting…"),
        "offline": _("You are offline. What you write is kept; it is sent when the connection is back."),
        "offlineIdle": _("You are offline. What you write is kept."),
        "signedOut": _("You were signed out. What you wrote is kept on this device."),
        "signedOutHere": _("You signed out in this browser, so what you wrote is not kept. Copy it before you leave."),
        "signIn": _("Sign in again"),
        "conversationGone": _("This conversation was deleted or is not yours."),
        "startNew": _("Start a new one"),
        "wrongOrigin": _("This page was opened under an address that the site does not accept. Open it anew."),
        "tooManyFrames": _("The server asked this page to slow down. Reconnecting soon…"),
        "waitForReply": _("A reply is still being written. Wait for it, or stop it."),
        "tooLong": _("Your message has {0} characters; at most {1} are possible. Shorten it."),
        "notKept": _("The browser does not let this page keep drafts. Copy your text before you leave."),
        "copied": _("Copied"),
        "copy": _("Copy"),
        "copyFailed": _("Copying was refused by the browser. Select the text instead."),
        "replyEnds": _("The answer is complete."),
        "replyStopped": _("The answer was stopped."),
        "notRated": _("Your rating could not be kept. Check the connection and try again."),
        "rated": _("Thank you for your rating."),
        "showEarlierReply": _("Show the reply before"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
    }
