// One websocket that keeps itself alive. Knows frames as JSON objects and nothing of what they mean.

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 15_000;
const SLOW_DOWN_MS = 10_000;
const STABLE_AFTER_MS = 5_000;
const PING_AFTER_MS = 20_000;
const PONG_WITHIN_MS = 8_000;
const PONG_WITHIN_WHEN_OFFLINE_MS = 2_000;
const OPEN_WITHIN_MS = 10_000;
const NEW_SESSION_MS = 1_000;

const SIGNED_OUT = 4401;
/** Closing codes after which trying again is useless, by the word for the state. */
const FINAL_CODES = new Map([
    [SIGNED_OUT, "signed-out"],
    [4403, "wrong-origin"],
    [4404, "gone"],
]);

/**
 * Events: `state` ({state, wait}) with state one of connecting, open, reconnecting, offline, signed-out, wrong-origin,
 * gone; `frame` (the object). After each `open` the server sends a snapshot by itself.
 */
export class ChatSocket extends EventTarget {
    #url;
    #socket = null;
    #attempts = 0;
    #timers = { retry: 0, ping: 0, pong: 0, stable: 0, open: 0 };
    #isFinal = false;
    #wasRefused = false;

    state = "connecting";

    constructor(path) {
        super();
        const url = new URL(path, location.href);
        url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
        this.#url = url.href;
        addEventListener("online", () => this.#wake());
        // Only a hint: a site on this very machine is reachable without any network.
        addEventListener("offline", () => this.#ping(PONG_WITHIN_WHEN_OFFLINE_MS));
        addEventListener("pageshow", (event) => event.persisted && this.#wake());
        document.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") {
                this.#wake();
            }
        });
    }

    get isOpen() {
        return this.state === "open";
    }

    /** Sends now, or returns false: who sends keeps what must not be lost and sends it again after `open`. */
    send(frame) {
        if (this.#socket?.readyState !== WebSocket.OPEN) {
            return false;
        }
        this.#socket.send(JSON.stringify(frame));
        return true;
    }

    connect() {
        if (this.#isFinal || this.#socket) {
            return;
        }
        clearTimeout(this.#timers.retry);
        const socket = new WebSocket(this.#url);
        this.#socket = socket;
        // A listener looks whether its socket is still the one in use: a socket given up may speak up late.
        const mine = (listener) => (event) => this.#socket === socket && listener(event);
        socket.addEventListener("open", mine(() => this.#opened()));
        socket.addEventListener("message", mine((event) => this.#received(event.data)));
        socket.addEventListener("close", mine((event) => this.#closed(event.code)));
        this.#timers.open = setTimeout(mine(() => this.#giveUp()), OPEN_WITHIN_MS);
    }

    #opened() {
        clearTimeout(this.#timers.open);
        // Only a socket that stays up counts as success: one that is closed at once must not be tried in a tight loop.
        this.#timers.stable = setTimeout(() => {
            this.#attempts = 0;
        }, STABLE_AFTER_MS);
        this.#expectPing();
        this.#setState("open");
    }

    #received(data) {
        this.#expectPing();
        let frame;
        try {
            frame = JSON.parse(data);
        } catch {
            return;
        }
        // Only who is signed in is told anything.
        this.#wasRefused = false;
        if (frame.type !== "pong") {
            this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
        }
    }

    #expectPing() {
        clearTimeout(this.#timers.ping);
        clearTimeout(this.#timers.pong);
        this.#timers.ping = setTimeout(() => this.#ping(), PING_AFTER_MS);
    }

    #ping(deadline = PONG_WITHIN_MS) {
        if (this.send({ type: "ping" })) {
            clearTimeout(this.#timers.pong);
            this.#timers.pong = setTimeout(() => this.#giveUp(), deadline);
        }
    }

    /** The other side is silent. Closing would wait for it, so the socket is left behind. */
    #giveUp() {
        const socket = this.#socket;
        this.#closed(1006);
        socket?.close();
    }

    #closed(code) {
        for (const timer of Object.values(this.#timers)) {
            clearTimeout(timer);
        }
        this.#socket = null;
        const final = FINAL_CODES.get(code);
        // A new password in another tab gives this browser a new session: only the second refusal counts.
        const isWorthATry = code === SIGNED_OUT && !this.#wasRefused;
        if (code === SIGNED_OUT) {
            this.#wasRefused = true;
        }
        if (final && !isWorthATry) {
            this.#isFinal = true;
            this.#setState(final);
            return;
        }
        const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempts);
        // Half fixed, half random: all browsers lose a restarted server together and must not come back together.
        let wait = longest / 2 + (Math.random() * longest) / 2;
        if (code === 4429 || code === 4400) {
            wait += SLOW_DOWN_MS;
        } else if (isWorthATry) {
            // The other tab's answer, which brings the cookie of the new session, may still be on its way.
            wait += NEW_SESSION_MS;
        }
        this.#attempts += 1;
        this.#timers.retry = setTimeout(() => this.connect(), wait);
        this.#setState(navigator.onLine ? "reconnecting" : "offline", code);
    }

    #wake() {
        if (this.#isFinal) {
            return;
        }
        if (this.#socket) {
            if (this.isOpen) {
                this.#ping();
            }
            return;
        }
        this.#attempts = 0;
        this.#setState("reconnecting");
        this.connect();
    }

    #setState(state, code = 0) {
        this.state = state;
        this.dispatchEvent(new CustomEvent("state", { detail: { state, code } }));
    }
}
