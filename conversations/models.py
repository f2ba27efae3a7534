"""Conversations, messages and turns.

A turn is one prompt and the work of answering it. Messages form a tree (``parent``), so that a prompt may have several
replies; ``Conversation.head`` is the newest message of the branch that is shown.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Tag(models.Model):
    """A word of a person's own for their conversations."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="conversation_tags"
    )
    name = models.CharField(_("name"), max_length=40)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="conversations_tag_once")]

    def __str__(self) -> str:
        return self.name


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    is_title_custom = models.BooleanField(_("title given by the owner"), default=False)
    is_title_from_model = models.BooleanField(_("title written by the model"), default=False)
    head = models.ForeignKey(
        "Message",
        verbose_name=_("newest message shown"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    active_at = models.DateTimeField(_("last used"), auto_now_add=True)
    pinned_at = models.DateTimeField(_("pinned"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    deleted_at = models.DateTimeField(
        _("deleted by the owner"), null=True, blank=True, help_text=_("Removed for good ten minutes later.")
    )
    tags = models.ManyToManyField(Tag, verbose_name=_("tags"), blank=True, related_name="conversations")

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-active_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-active_at", "-id"], name="conversations_list"),
            models.Index(
                fields=["deleted_at"], condition=models.Q(deleted_at__isnull=False), name="conversations_deleted"
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(_("New conversation"))


class Masks(models.Model):
    """What the masks of a conversation stand for, encrypted; see `conversations.masking`."""

    conversation = models.OneToOneField(
        Conversation, verbose_name=_("conversation"), on_delete=models.CASCADE, primary_key=True, related_name="masks"
    )
    salt = models.BinaryField(_("salt"), max_length=16)
    book = models.BinaryField(_("encrypted masks"))

    class Meta:
        verbose_name = _("masks of a conversation")
        verbose_name_plural = _("masks of conversations")

    def __str__(self) -> str:
        return str(self.conversation_id)


class Message(models.Model):
    """``text`` holds only what the gate or a reviewer released (a prompt: what its author wrote, until it is withheld).

    What was withheld lives in the ledger (`moderation.models`) under this message's id.
    """

    class Role(models.TextChoices):
        USER = "user", _("user")
        ASSISTANT = "assistant", _("assistant")

    class State(models.TextChoices):
        SHOWN = "shown", _("shown")
        CUT = "cut", _("cut: the rest was withheld")
        WITHHELD = "withheld", _("withheld")
        WITHDRAWN = "withdrawn", _("taken back after a part was shown")

    EMPTY = (State.WITHHELD, State.WITHDRAWN)
    """States in which a message shows no text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, verbose_name=_("conversation"), on_delete=models.CASCADE, related_name="messages"
    )
    parent = models.ForeignKey(
        "self", verbose_name=_("answers"), null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role)
    text = models.TextField(_("text"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.SHOWN)
    withheld_labels = models.JSONField(_("why withheld"), default=list)
    withheld_notice = models.JSONField(
        _("the site's own notice"), default=dict, blank=True, help_text=_("Language code: sentence; from the policy.")
    )
    is_withheld_unjudged = models.BooleanField(_("withheld because it could not be judged"), default=False)
    is_reviewed = models.BooleanField(_("decided by a reviewer"), default=False)
    needs_care = models.BooleanField(
        _("shown with help lines"), default=False, help_text=_("Its author writes of harming themselves.")
    )
    version = models.PositiveIntegerField(_("version"), default=1, help_text=_("Grows with every change."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["created_at"]
        indexes = [models.Index(fields=["conversation", "created_at"], name="conversations_messages")]

    def __str__(self) -> str:
        return f"{self.role} {self.id}"


class Turn(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        BLOCKED = "blocked", _("blocked")
        CANCELLED = "cancelled", _("stopped")
        FAILED = "failed", _("failed")

    class Phase(models.TextChoices):
        """What a running turn is at; a hint for people."""

        THINKING = "thinking", _("thinking")
        WRITING = "writing", _("writing")
        CHECKING = "checking", _("checking")

    ACTIVE = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, verbose_name=_("conversation"), on_delete=models.CASCADE, related_name="turns"
    )
    client_id = models.UUIDField(_("client's id"), help_text=_("Chosen by the sender, so that a resend is harmless."))
    prompt = models.ForeignKey(Message, verbose_name=_("prompt"), on_delete=models.CASCADE, related_name="turns")
    reply_id = models.UUIDField(
        _("reply's id"), default=uuid.uuid4, db_index=True, help_text=_("The reply message has it once made.")
    )
    continues = models.ForeignKey(
        Message,
        verbose_name=_("cut reply that it goes on from"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="continuations",
        help_text=_("The new reply begins with the text of this one and stands beside it."),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    phase = models.CharField(_("phase"), max_length=10, choices=Phase, default=Phase.THINKING)
    blocked_stage = models.CharField(_("stage that was blocked"), max_length=8, blank=True)
    is_withdrawn = models.BooleanField(_("what was shown was taken back"), default=False)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_detail = models.CharField(_("error in words, for operators"), max_length=500, blank=True)
    error_params = models.JSONField(_("figures for the error's sentence"), default=dict)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    losses = models.PositiveSmallIntegerField(_("times its worker was lost"), default=0)
    seq = models.PositiveBigIntegerField(_("newest event"), default=0)
    text = models.TextField(_("approved text so far"), blank=True)
    stop_requested_at = models.DateTimeField(_("asked to stop"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=200, blank=True)
    model = models.CharField(_("model"), max_length=300, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    sent_at = models.DateTimeField(_("last sent to the queue"), auto_now_add=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    first_text_at = models.DateTimeField(_("first text shown"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    prompt_tokens = models.PositiveIntegerField(_("tokens read"), default=0)
    reply_tokens = models.PositiveIntegerField(_("tokens written"), default=0)
    finish_reason = models.CharField(_("why the model ended"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "client_id"], name="conversations_turn_once"),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(status__in=["queued", "running"]),
                name="conversations_one_active_turn",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "created_at"],
                condition=models.Q(status__in=["queued", "running"]),
                name="conversations_active_turns",
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.id}"

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE


class Preferences(models.Model):
    """A person's settings. An empty one is not set: then the browser's own, the site's or the model's counts."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class TextSize(models.TextChoices):
        NORMAL = "normal", _("normal")
        LARGE = "large", _("large")
        HUGE = "huge", _("very large")

    class SendKey(models.TextChoices):
        ENTER = "enter", _("Enter")
        CTRL_ENTER = "ctrl-enter", _("Ctrl+Enter")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="+"
    )
    theme = models.CharField(_("theme"), max_length=6, choices=Theme, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    text_size = models.CharField(_("text size"), max_length=6, choices=TextSize, blank=True)
    send_key = models.CharField(_("key that sends"), max_length=10, choices=SendKey, blank=True)
    instructions = models.TextField(_("own instructions"), blank=True)
    instructions_id = models.UUIDField(_("id of this text in the ledger"), default=uuid.uuid4)
    is_instructions_allowed = models.BooleanField(_("allowed when judged"), default=False)
    instructions_policy = models.PositiveIntegerField(_("judged under policy version"), null=True, blank=True)
    temperature = models.FloatField(_("temperature"), null=True, blank=True)
    top_p = models.FloatField(_("top-p"), null=True, blank=True)
    max_new_tokens = models.PositiveIntegerField(_("tokens of a reply at most"), null=True, blank=True)

    class Meta:
        verbose_name = _("person's settings")
        verbose_name_plural = _("people's settings")

    def __str__(self) -> str:
        return str(self.user_id)


class Share(models.Model):
    """A link with which anybody may read a conversation up to a message, as it is when they look.

    The token is kept as it is, so that its owner can copy the link again: whoever reads this table can read the
    conversations themselves. It has 192 random bits.
    """

    token = models.CharField(_("token"), max_length=43, unique=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, verbose_name=_("conversation"), on_delete=models.CASCADE, related_name="shares"
    )
    leaf = models.ForeignKey(
        Message, verbose_name=_("newest message shared"), on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    class Meta:
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.conversation_id)


class SearchEntry(models.Model):
    """A message that can be found. Only the database's own triggers write these rows; see `search_index`."""

    message = models.OneToOneField(
        Message, verbose_name=_("message"), on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    owner_id = models.BigIntegerField(_("owner"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("search entry")
        verbose_name_plural = _("search entries")
        indexes = [models.Index(fields=["owner_id", "-created_at", "-id"], name="conversations_search")]

    def __str__(self) -> str:
        return str(self.message_id)


class Rating(models.Model):
    """What the owner of a conversation thinks of a reply."""

    class Reason(models.TextChoices):
        WRONG = "wrong", _("It is not correct")
        UNHELPFUL = "unhelpful", _("It does not help")
        HARMFUL = "harmful", _("It is harmful or unsafe")
        OTHER = "other", _("Something else")

    COMMENT_CHARS = 1000

    message = models.OneToOneField(Message, verbose_name=_("message"), on_delete=models.CASCADE, related_name="rating")
    is_good = models.BooleanField(_("good"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason, blank=True)
    comment = models.CharField(_("comment"), max_length=COMMENT_CHARS, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        ordering = ["-changed_at"]

    def __str__(self) -> str:
        return str(_("good") if self.is_good else _("bad"))
