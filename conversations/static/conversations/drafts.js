// What a person typed and the server has not taken yet, kept on this device. Knows nothing of sockets.

const PREFIX = "chat.draft.";
const SENT_PREFIX = "chat.sent.";
const LIFETIME_MS = 30 * 24 * 3600 * 1000;

// When somebody signed out by hand here. A page from before, in whichever tab, must not store its box again.
const OVER = "chat.over";
const overAtStart = overRead();

function overRead() {
    try {
        return localStorage.getItem(OVER);
    } catch {
        return null;
    }
}

/** Whether this page may still store what is typed into it. */
export const draftsAreKept = () => overRead() === overAtStart;

function read(key) {
    try {
        const value = JSON.parse(localStorage.getItem(key) ?? "null");
        return value && typeof value.text === "string" ? value : null;
    } catch {
        return null;
    }
}

/** Returns false when the browser refuses to store (private mode, full): the person should know. */
function write(key, value) {
    if (!draftsAreKept()) {
        return true;
    }
    try {
        localStorage.setItem(key, JSON.stringify({ ...value, at: Date.now() }));
        return true;
    } catch {
        return false;
    }
}

function remove(key) {
    try {
        localStorage.removeItem(key);
    } catch {
        // Nothing was stored then, either.
    }
}

/** The draft of a conversation (or of `new`): `{text, clientId}`; `clientId` once it was tried to send. */
export const draftRead = (key) => read(PREFIX + key);
export const draftWrite = (key, text, clientId = null) =>
    text ? write(PREFIX + key, { text, clientId }) : (remove(PREFIX + key), true);

/** The newest prompt that was taken, so that a withheld one can be given back for editing. */
export const sentRead = (key) => read(SENT_PREFIX + key);
export const sentWrite = (key, text, clientId) => write(SENT_PREFIX + key, { text, clientId });

/** Clears a draft which the server has taken meanwhile: it knows the id under which it was sent. */
export function draftSettle(key, clientId) {
    const draft = draftRead(key);
    if (!draft || !clientId || draft.clientId !== clientId) {
        return false;
    }
    remove(PREFIX + key);
    return true;
}

/** Forgets everything (signing out on a shared machine) or only what is older than a month. */
export function draftsForget({ all = false } = {}) {
    try {
        for (const key of Object.keys(localStorage)) {
            if (!key.startsWith(PREFIX) && !key.startsWith(SENT_PREFIX)) {
                continue;
            }
            const value = read(key);
            if (all || !value || Date.now() - (value.at ?? 0) > LIFETIME_MS) {
                remove(key);
            }
        }
        if (all) {
            localStorage.setItem(OVER, String(Date.now()));
        }
    } catch {
        // No storage, nothing to forget.
    }
}
