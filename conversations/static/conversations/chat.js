// One open conversation: frames in, page out. What the frames mean is told in docs/wire.md.

import { config, say, uuid } from "./app.js";
import { MessageActions } from "./actions.js";
import { Announcer } from "./announcer.js";
import { Composer } from "./composer.js";
import { draftSettle, draftRead, draftsAreKept, draftsForget, sentRead, sentWrite } from "./drafts.js";
import { EarlierMessages } from "./earlier.js";
import { PromptEditor } from "./editing.js";
import { Rater } from "./rating.js";
import { ChatSocket } from "./socket.js";
import { ConnectionBar, TurnStatus } from "./status.js";
import { Follower, LiveReply, Timeline } from "./timeline.js";

const SYNC_PAUSE_MS = 1_000;
/** Frames that put messages on the page or take them away. */
const LIST_FRAMES = new Set(["snapshot", "message", "gone"]);
const ACTIVE = new Set(["queued", "running"]);

const byId = (id) => document.getElementById(id);
const form = byId("composer");
const draftKey = form.dataset.draftKey;
const newDraftKey = form.dataset.newDraftKey;

const timeline = new Timeline(byId("messages"));
const live = new LiveReply(byId("live"), byId("assistant-template"));
const follower = new Follower(byId("thread"), byId("to-newest"));
const earlier = new EarlierMessages(byId("thread"), byId("messages"));
const status = new TurnStatus(byId("turn-state"), byId("state-template"));
const bar = new ConnectionBar(byId("connection"), config);
const announcer = new Announcer(byId("announcer"));
const composer = new Composer(form, config);
const actions = new MessageActions(byId("messages"), () => isActive() || pendingTurn !== null);
const editor = new PromptEditor(byId("edit-template"), { draftKey, maxChars: config.maxChars });
const rater = new Rater(byId("rating-dialog"));
const socket = new ChatSocket(config.socketPath);

let turn = null;
let textLength = 0;
let pendingTurn = null;
let isTurnToResend = false;
let stopWanted = null;
let lastSync = 0;
let wasOpen = false;
const withCare = new Set([...document.querySelectorAll("article:has(.care)")].map((message) => message.dataset.messageId));

const isActive = () => turn !== null && ACTIVE.has(turn.status);

// --- what the server says ----------------------------------------------------------------------------------------

const handlers = {
    snapshot({ conversation, messages, turn: newest }) {
        setTitle(conversation.title);
        const missing = timeline.reconcile(messages);
        for (let start = 0; start < missing.length; start += 100) {
            askSync(missing.slice(start, start + 100));
        }
        const isReplyComing = newest !== null && missing.includes(newest.reply_id);
        takeTurn(newest, { isSnapshot: true, keepLive: isReplyComing });
        if (pendingTurn && isTurnToResend) {
            socket.send(pendingTurn);
        }
        isTurnToResend = false;
    },
    turn({ turn: newer }) {
        takeTurn(newer);
    },
    text({ turn_id: id, seq, offset, text, blocks, block_count: count }) {
        if (!isActive() || turn.id !== id || offset > textLength) {
            askSync();
            return;
        }
        const end = offset + [...text].length;
        if (end <= textLength) {
            return;
        }
        announcer.add(text.slice(text.length - (end - textLength)));
        textLength = end;
        turn.seq = Math.max(turn.seq, seq);
        live.patch(blocks, count);
    },
    message(message) {
        actions.settle(timeline.put(message));
        if (timeline.isWithheld(message.id)) {
            announcer.forget();
        }
        announceCare(message.id);
        if (turn && message.id === turn.reply_id) {
            live.clear();
            showTurn();
        }
    },
    gone({ ids }) {
        timeline.remove(ids);
    },
    title({ title }) {
        setTitle(title);
    },
    deleted() {
        bar.show("gone", {});
        composer.setBusy(true, { canStop: false });
    },
    accepted({ client_id: clientId }) {
        if (composer.pending?.clientId === clientId) {
            promptTaken();
        } else if (pendingTurn?.client_id === clientId) {
            turnTaken();
        }
    },
    error({ message, client_id: clientId }) {
        if (clientId && composer.pending?.clientId === clientId) {
            composer.refuse(message);
        } else if (clientId && pendingTurn?.client_id === clientId) {
            const { type } = pendingTurn;
            pendingTurn = null;
            showTurn();
            if (type === "edit") {
                editor.refuse(message);
            } else {
                bar.trouble(message);
            }
        } else {
            bar.trouble(message);
        }
        announcer.say(message);
    },
};

function promptTaken() {
    const { text, clientId } = composer.accept();
    sentWrite(draftKey, text, clientId);
    follower.follow();
    const link = document.querySelector(`[data-conversation="${config.conversationId}"]`);
    link?.closest("ul").prepend(link.closest("li"));
}

function takeTurn(newer, { isSnapshot = false, keepLive = false } = {}) {
    if (newer && turn?.id === newer.id && !isSnapshot) {
        const isLate = newer.seq < turn.seq && ACTIVE.has(newer.status);
        if (isLate || (!isActive() && ACTIVE.has(newer.status))) {
            return;
        }
    }
    const before = turn;
    turn = newer;
    if (!turn) {
        live.clear();
        showTurn();
        return;
    }
    settleDrafts();
    settlePending();
    if (stopWanted && stopWanted !== turn.id) {
        stopWanted = null;
    }
    if (isActive()) {
        if (before?.id !== turn.id) {
            announcer.reset();
            textLength = 0;
        }
        // What was released shrinks only when a lost turn starts again; then its beginning is not read out twice.
        const characters = [...turn.text];
        announcer.add(characters.slice(textLength).join(""));
        textLength = characters.length;
        live.set(turn.html ?? [], { isContinuing: turn.continues_id !== null });
    } else {
        stopWanted = null;
        if (!keepLive || turn.withdrawn) {
            live.clear();
        }
        if (before?.id === turn.id && ACTIVE.has(before.status)) {
            announceEnd();
        }
    }
    showTurn();
}

/** A reload between sending and `accepted` left a draft behind that the server has taken. */
function settleDrafts() {
    for (const key of [draftKey, newDraftKey]) {
        const draft = draftRead(key);
        if (draft && draftSettle(key, turn.client_id)) {
            sentWrite(draftKey, draft.text, turn.client_id);
            if (composer.pending?.clientId === turn.client_id) {
                composer.accept();
            } else if (key === draftKey) {
                composer.clearIfUnchanged(draft.text);
            }
        }
    }
}

/** A retry is of the newest turn. Where another tab went on meanwhile, there is nothing left to try again. */
function settlePending() {
    if (pendingTurn?.client_id === turn.client_id) {
        turnTaken();
    } else if (pendingTurn?.type === "retry" && pendingTurn.turn_id !== turn.id) {
        pendingTurn = null;
    }
}

function turnTaken() {
    if (pendingTurn.type === "edit") {
        editor.close();
    }
    pendingTurn = null;
    showConnection();
    follower.follow();
    if (!matchMedia("(pointer: coarse)").matches) {
        composer.focus();
    }
}

function announceEnd() {
    if (turn.withdrawn) {
        announcer.forget();
    }
    announcer.finish();
    const sentences = { done: say("replyEnds"), cancelled: say("replyStopped") };
    const notice = document.querySelector(`[data-message-id="${turn.reply_id}"] .notice`)?.textContent;
    announcer.say(turn.notice ?? notice ?? sentences[turn.status] ?? "");
}

/** Help lines are read out once, when they come. */
function announceCare(id) {
    const care = document.querySelector(`[data-message-id="${id}"] .care`);
    if (care && !withCare.has(id)) {
        withCare.add(id);
        announcer.say(care.textContent);
    }
}

function showTurn() {
    composer.setBusy(isActive(), { canStop: isActive() && stopWanted !== turn.id });
    status.show(turn ? describe() : { kind: "none" });
    follower.keep();
}

function describe() {
    if (isActive()) {
        return { kind: "active", text: activeSentence() };
    }
    const choices = [];
    const sent = sentRead(draftKey);
    const isPromptBlocked = turn.stages.some(({ stage, action }) => stage === "prompt" && action === "block");
    if (turn.status === "blocked" && isPromptBlocked && sent?.clientId === turn.client_id) {
        choices.push({ label: say("editPrompt"), run: () => composer.offer(sent.text) });
    }
    if (turn.earlier_id && !timeline.has(turn.reply_id) && !timeline.has(turn.earlier_id)) {
        choices.push({ label: say("showEarlierReply"), run: () => show(turn.earlier_id) });
    }
    if (turn.can_retry && !pendingTurn) {
        choices.push({ label: say("retry"), run: retry });
    }
    if (turn.status === "failed") {
        return { kind: "failed", text: turn.notice ?? "", actions: choices };
    }
    // A stopped or shortened reply says so itself.
    const text = timeline.has(turn.reply_id) ? "" : (turn.notice ?? "");
    return { kind: "ended", text, actions: choices };
}

function activeSentence() {
    if (stopWanted === turn.id) {
        return say("stopping");
    }
    if (turn.status === "queued") {
        return turn.position > 1 ? say("queued", turn.position) : say("queuedNext");
    }
    return say(turn.phase);
}

function setTitle(title) {
    for (const place of document.querySelectorAll("[data-title]")) {
        place.textContent = title;
    }
    const link = document.querySelector(`[data-conversation="${config.conversationId}"]`);
    if (link) {
        link.textContent = title;
    }
    document.title = document.title.replace(/^.*(?= · )/s, () => title);
}

// --- what the person does ------------------------------------------------------------------------------------------

function askSync(ids = []) {
    const now = Date.now();
    if (ids.length === 0 && now - lastSync < SYNC_PAUSE_MS) {
        return;
    }
    lastSync = now;
    socket.send(ids.length ? { type: "sync", messages: ids } : { type: "sync" });
}

function sendPrompt({ text, clientId }) {
    if (!socket.send({ type: "prompt", client_id: clientId, text })) {
        showConnection();
    }
}

/** Asks for a turn other than that of a new prompt; kept until it is taken or refused. */
function ask(frame) {
    pendingTurn = { ...frame, client_id: uuid() };
    if (!socket.send(pendingTurn)) {
        showConnection();
    }
    showTurn();
}

function retry() {
    ask({ type: "retry", turn_id: turn.id });
}

function show(messageId) {
    if (!socket.send({ type: "show", message_id: messageId })) {
        showConnection();
    }
}

function stop() {
    if (!isActive() || stopWanted === turn.id) {
        return;
    }
    stopWanted = turn.id;
    socket.send({ type: "stop", turn_id: turn.id });
    showTurn();
}

function showConnection(code = 0) {
    bar.show(socket.state, { isWaiting: composer.pending !== null, isKept: draftsAreKept(), code });
}

composer.addEventListener("send", (event) => sendPrompt(event.detail));
composer.addEventListener("stop", stop);
editor.addEventListener("send", ({ detail: { messageId, text } }) => ask({ type: "edit", message_id: messageId, text }));
actions.addEventListener("ask", ({ detail }) => ask(detail));
actions.addEventListener("show", ({ detail }) => show(detail.messageId));
actions.addEventListener("edit", ({ detail }) => editor.open(detail));
actions.addEventListener("rate", ({ detail }) => rater.press(detail));
actions.addEventListener("told", ({ detail }) => announcer.say(detail));
earlier.addEventListener("failed", () => bar.trouble(say("loadFailed")));
rater.addEventListener("rated", () => announcer.say(say("rated")));
rater.addEventListener("failed", () => bar.trouble(say("notRated")));

document.addEventListener("keydown", (event) => {
    const isElsewhere = document.querySelector("dialog[open], [popover]:popover-open, [data-title-form]");
    if (event.key === "Escape" && !event.isComposing && !isElsewhere && isActive()) {
        event.preventDefault();
        stop();
    }
});

document.addEventListener("keydown", (event) => {
    const last = [...document.querySelectorAll("#messages > .message-user")].at(-1);
    const isWanted = event.key === "ArrowUp" && event.target === byId("composer-text") && !composer.text;
    if (isWanted && !isActive() && !pendingTurn && last?.querySelector(".bubble")) {
        event.preventDefault();
        editor.open(last);
    }
});

document.addEventListener("chat:trouble", (event) => bar.trouble(event.detail));

// --- the connection ------------------------------------------------------------------------------------------------

socket.addEventListener("state", ({ detail: { state, code } }) => {
    if (state === "open") {
        wasOpen = true;
        // Nothing says whether these arrived before the connection broke. Their ids make sending again harmless.
        if (composer.pending) {
            sendPrompt(composer.pending);
        }
        // A retry waits for the snapshot, which says whether its turn is still the newest.
        isTurnToResend = true;
        if (stopWanted) {
            socket.send({ type: "stop", turn_id: stopWanted });
        }
    }
    if (wasOpen || state !== "reconnecting" || code) {
        showConnection(code);
    }
});

socket.addEventListener("frame", ({ detail: frame }) => {
    if (Object.hasOwn(handlers, frame.type)) {
        handlers[frame.type](frame);
        if (LIST_FRAMES.has(frame.type)) {
            earlier.refresh();
            if (follower.isAtEnd) {
                earlier.trim();
            }
        }
        follower.keep();
    }
});

draftsForget();
showTurn();
socket.connect();
if (!matchMedia("(pointer: coarse)").matches) {
    composer.focus();
}
