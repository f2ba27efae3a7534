// The box for writing. It never loses text: what is sent stays here until the server says that it was taken.

import { draftRead, draftWrite } from "./drafts.js";
import { isSendKey, say, uuid } from "./app.js";

const DRAFT_PAUSE_MS = 250;

/** Events: `send` ({text, clientId}), `stop`. */
export class Composer extends EventTarget {
    #form;
    #text;
    #alert;
    #state;
    #send;
    #stop;
    #key;
    #maxChars;
    #draftTimer = 0;
    #pending = null;
    #isBusy = false;

    constructor(form, { maxChars }) {
        super();
        this.#form = form;
        this.#text = form.querySelector("textarea");
        this.#alert = form.querySelector("#composer-alert");
        this.#state = form.querySelector("#composer-state");
        this.#send = form.querySelector("#send-button");
        this.#stop = form.querySelector("#stop-button");
        this.#key = form.dataset.draftKey;
        this.#maxChars = maxChars;
        this.#restore();
        this.#text.addEventListener("input", () => this.#changed());
        this.#text.addEventListener("keydown", (event) => this.#keyDown(event));
        this.#stop?.addEventListener("click", () => this.dispatchEvent(new Event("stop")));
        addEventListener("pagehide", () => this.#keep());
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.submit();
        });
    }

    get text() {
        return this.#text.value;
    }

    /** The prompt on its way: `{text, clientId}`, or null. */
    get pending() {
        return this.#pending;
    }

    focus() {
        this.#text.focus({ preventScroll: true });
    }

    /** Puts text into an empty box and the cursor behind it. Text that is there already stays before it. */
    offer(text) {
        const old = this.text.trim();
        this.#text.value = old && old !== text.trim() ? `${this.text.trimEnd()}\n\n${text}` : text;
        this.#changed();
        this.focus();
        this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
    }

    submit() {
        if (this.#pending) {
            return;
        }
        const text = this.text;
        if (!text.trim()) {
            this.focus();
            return;
        }
        const count = [...text].length;
        if (count > this.#maxChars) {
            this.refuse(say("tooLong", count, this.#maxChars));
            return;
        }
        if (this.#isBusy) {
            this.refuse(say("waitForReply"));
            return;
        }
        this.#showAlert("");
        // A prompt that was on its way when the page was reloaded keeps its id: sent twice, it starts one turn.
        const draft = draftRead(this.#key);
        const clientId = draft?.text === text && draft.clientId ? draft.clientId : uuid();
        this.#pending = { text, clientId };
        clearTimeout(this.#draftTimer);
        draftWrite(this.#key, text, clientId);
        this.#show();
        this.dispatchEvent(new CustomEvent("send", { detail: this.#pending }));
    }

    /** The server has taken the prompt: only now the box is emptied. */
    accept() {
        const taken = this.#pending;
        this.#pending = null;
        if (taken) {
            this.#text.value = "";
            this.#changed();
            clearTimeout(this.#draftTimer);
            draftWrite(this.#key, "");
        }
        this.#show();
        return taken;
    }

    /** The prompt was not taken: the text stays, with what to do. */
    refuse(message) {
        const hadPending = this.#pending !== null;
        this.#pending = null;
        if (hadPending) {
            // A new try is a new prompt for the server, which kept nothing of this one.
            draftWrite(this.#key, this.text);
        }
        this.#showAlert(message);
        this.#show();
        this.focus();
    }

    /** Whether a reply is being written, which can be stopped. */
    setBusy(isBusy, { canStop = isBusy } = {}) {
        this.#isBusy = isBusy;
        const hadFocus = document.activeElement === this.#stop;
        if (this.#stop) {
            this.#stop.hidden = !isBusy;
            // Not `disabled`: that would throw the focus away before it can be handed on.
            this.#stop.setAttribute("aria-disabled", String(!canStop));
            this.#send.hidden = isBusy;
        }
        if (!isBusy) {
            if (this.#alert.textContent === say("waitForReply")) {
                this.#showAlert("");
            }
            if (hadFocus) {
                this.focus();
            }
        }
    }

    /** Empties the box when what is in it turned out to be taken (after a reload in the middle of sending). */
    clearIfUnchanged(text) {
        if (!this.#pending && this.text === text) {
            this.#text.value = "";
            this.#changed();
        }
    }

    #restore() {
        const draft = draftRead(this.#key);
        // What the server sent back with the form (a refused prompt) is newer than a draft.
        if (draft && !this.#text.value) {
            this.#text.value = draft.text;
        }
        this.#changed({ isKept: true });
    }

    #changed({ isKept = false } = {}) {
        this.#grow();
        const count = [...this.text].length;
        const isNear = count > this.#maxChars * 0.9;
        this.#state.textContent = isNear ? `${count} / ${this.#maxChars}` : "";
        this.#state.dataset.over = String(count > this.#maxChars);
        if (!isKept) {
            this.#showAlert("");
            clearTimeout(this.#draftTimer);
            this.#draftTimer = setTimeout(() => this.#keep(), DRAFT_PAUSE_MS);
        }
    }

    #keep() {
        if (this.#pending) {
            return;
        }
        const draft = draftRead(this.#key);
        const clientId = draft?.text === this.text ? draft.clientId : null;
        if (!draftWrite(this.#key, this.text, clientId)) {
            this.#showAlert(say("notKept"));
        }
    }

    #grow() {
        // `field-sizing: content` does it where it is known; setting the height by style would be too much for the rest.
        if (!CSS.supports("field-sizing", "content")) {
            this.#text.rows = Math.min(12, Math.max(1, this.text.split("\n").length));
        }
    }

    #keyDown(event) {
        if (isSendKey(event)) {
            event.preventDefault();
            this.#form.requestSubmit();
        }
    }

    #showAlert(message) {
        this.#alert.textContent = message;
        this.#alert.hidden = !message;
    }

    #show() {
        this.#text.readOnly = this.#pending !== null;
        this.#send.disabled = this.#pending !== null;
        this.#form.setAttribute("aria-busy", String(this.#pending !== null));
        if (this.#pending) {
            this.#state.textContent = say("sending");
        } else if (this.#state.textContent === say("sending")) {
            this.#state.textContent = "";
        }
    }
}
