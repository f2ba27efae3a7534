// The buttons under each message: which was pressed, and what is to be done about it.

import { say } from "./app.js";
import { clipboardWrite } from "./clipboard.js";

const CONFIRM_MS = 2_000;

async function copy(button) {
    const use = button.querySelector("use");
    const icon = use.getAttribute("href");
    try {
        const response = await fetch(button.dataset.source, { redirect: "manual" });
        if (!response.ok) {
            throw new Error(String(response.status));
        }
        await clipboardWrite(await response.text());
    } catch {
        return say("copyFailed");
    }
    use.setAttribute("href", icon.replace(/#.*$/, "#check"));
    setTimeout(() => use.setAttribute("href", icon), CONFIRM_MS);
    return say("copied");
}

/**
 * Events: `ask` ({type: "regenerate" | "continue", message_id}), `show` ({messageId}), `edit` (the article),
 * `rate` (the button), `told` (a sentence).
 */
export class MessageActions extends EventTarget {
    #isBusy;
    #refocus = null;

    /** `isBusy` says whether a reply is being written, during which most of them wait. */
    constructor(list, isBusy) {
        super();
        this.#isBusy = isBusy;
        list.addEventListener("click", (event) => {
            const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
            if (button) {
                this.#press(button);
            }
        });
    }

    /** A message has come: if it is the version that was asked for, its switch gets the focus that the old one had. */
    settle(article) {
        if (!this.#refocus || article.dataset.parent !== this.#refocus.parent) {
            return;
        }
        const names = [this.#refocus.name, "next", "previous"];
        const buttons = names.map((name) => article.querySelector(`[data-action=${name}]:not([aria-disabled=true])`));
        this.#refocus = null;
        buttons.find(Boolean)?.focus({ preventScroll: true });
    }

    #press(button) {
        const article = button.closest("[data-message-id]");
        const id = article.dataset.messageId;
        const name = button.dataset.action;
        if (button.getAttribute("aria-disabled") === "true") {
            return;
        }
        if ("waits" in button.dataset && this.#isBusy()) {
            this.#tell("told", say("waitForReply"));
            return;
        }
        switch (name) {
            case "copy":
                copy(button).then((sentence) => this.#tell("told", sentence));
                break;
            case "edit":
                this.#tell("edit", article);
                break;
            case "regenerate":
            case "continue":
                this.#tell("ask", { type: name, message_id: id });
                break;
            case "previous":
            case "next":
                this.#refocus = { name, parent: article.dataset.parent };
                this.#tell("show", { messageId: button.dataset.show });
                break;
            case "good":
            case "bad":
                this.#tell("rate", button);
                break;
        }
    }

    #tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}
