// The line under the messages that says what the turn is at, and the bar that says how the connection is.

import { say } from "./app.js";

/** What a turn is at: a sentence with the actions that fit. */
export class TurnStatus {
    #line;
    #template;

    constructor(line, template) {
        this.#line = line;
        this.#template = template;
    }

    /** `kind`: active, failed, ended or none; `actions`: [{label, run}]. Returns whether the sentence is new. */
    show({ kind, text = "", actions = [] }) {
        if (kind === "none" || (!text && actions.length === 0)) {
            const hadFocus = this.#line.contains(document.activeElement);
            this.#line.hidden = true;
            this.#line.replaceChildren();
            if (hadFocus) {
                document.getElementById("composer-text")?.focus({ preventScroll: true });
            }
            return false;
        }
        const signature = JSON.stringify([kind, text, actions.map(({ label }) => label)]);
        if (!this.#line.hidden && this.#line.dataset.signature === signature) {
            return false;
        }
        this.#line.dataset.signature = signature;
        this.#line.dataset.kind = kind;
        this.#line.replaceChildren(this.#template.content.cloneNode(true));
        this.#line.querySelector(".state-dots").hidden = kind !== "active";
        this.#line.querySelector(".state-icon").hidden = kind !== "failed";
        this.#line.querySelector(".state-text").textContent = text;
        const place = this.#line.querySelector(".state-actions");
        for (const { label, run } of actions) {
            const button = document.createElement("button");
            button.type = "button";
            button.className = "button";
            button.textContent = label;
            button.addEventListener("click", run);
            place.append(button);
        }
        this.#line.hidden = false;
        return true;
    }
}

/** How the connection is. Silent while all is well. */
export class ConnectionBar {
    #bar;
    #links;

    constructor(bar, { loginUrl, homeUrl }) {
        this.#bar = bar;
        this.#links = { loginUrl, homeUrl };
    }

    /** `isWaiting`: a prompt waits to be sent; `isKept`: what is typed is stored; `code`: the closing code. */
    show(state, { isWaiting, isKept, code = 0 }) {
        switch (state) {
            case "open":
                this.#say("");
                break;
            case "reconnecting":
                this.#say(code === 4429 || code === 4400 ? say("tooManyFrames") : say("reconnecting"));
                break;
            case "offline":
                this.#say(isWaiting ? say("offline") : say("offlineIdle"));
                break;
            case "signed-out":
                this.#say(isKept ? say("signedOut") : say("signedOutHere"), say("signIn"), this.#links.loginUrl);
                break;
            case "wrong-origin":
                this.#say(say("wrongOrigin"));
                break;
            case "gone":
                this.#say(say("conversationGone"), say("startNew"), this.#links.homeUrl);
                break;
        }
        this.#bar.dataset.state = state;
    }

    /** A sentence of the moment, which the next change of the connection takes away. */
    trouble(sentence) {
        this.#say(sentence);
    }

    #say(sentence, label = "", address = "") {
        const parts = sentence ? [document.createTextNode(sentence)] : [];
        if (label) {
            const link = document.createElement("a");
            link.href = address;
            link.textContent = label;
            parts.push(link);
        }
        this.#bar.hidden = !sentence;
        this.#bar.replaceChildren(...parts);
    }
}
