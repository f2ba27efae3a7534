// Editing a prompt in its place. What is typed is kept on this device until the server has taken it.

import { isSendKey, say } from "./app.js";
import { draftRead, draftWrite } from "./drafts.js";

/** Events: `send` ({messageId, text}). One prompt is edited at a time. */
export class PromptEditor extends EventTarget {
    #template;
    #key;
    #maxChars;
    #article = null;
    #form = null;

    constructor(template, { draftKey, maxChars }) {
        super();
        this.#template = template;
        this.#key = `${draftKey}.edit`;
        this.#maxChars = maxChars;
    }

    open(article) {
        this.close({ isKept: true });
        const bubble = article.querySelector(".bubble");
        const form = this.#template.content.firstElementChild.cloneNode(true);
        const box = form.querySelector("textarea");
        box.id = "edit-text";
        form.querySelector("label").htmlFor = box.id;
        box.value = draftRead(this.#draftKey(article))?.text ?? bubble.textContent;
        bubble.after(form);
        article.classList.add("is-edited");
        this.#article = article;
        this.#form = form;
        box.addEventListener("input", () => {
            this.#grow(box);
            draftWrite(this.#draftKey(article), box.value);
        });
        form.querySelector("[data-cancel]").addEventListener("click", () => this.close());
        form.addEventListener("keydown", (event) => this.#keyDown(event));
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#submit(box.value);
        });
        this.#grow(box);
        box.focus();
        box.setSelectionRange(box.value.length, box.value.length);
    }

    /** Back to the prompt as it was. `isKept`: what was typed comes back when it is opened again. */
    close({ isKept = false } = {}) {
        const [article, form] = [this.#article, this.#form];
        if (!form) {
            return;
        }
        if (!isKept) {
            draftWrite(this.#draftKey(article), "");
        }
        const hadFocus = form.contains(document.activeElement);
        form.remove();
        article.classList.remove("is-edited");
        this.#article = this.#form = null;
        if (hadFocus) {
            article.querySelector("[data-action=edit]")?.focus({ preventScroll: true });
        }
    }

    /** It was not taken: the text stays, with what to do. */
    refuse(message) {
        const line = this.#form?.querySelector("[role=alert]");
        if (line) {
            line.textContent = message;
            line.hidden = !message;
        }
    }

    #submit(text) {
        const count = [...text].length;
        if (!text.trim()) {
            this.#form.querySelector("textarea").focus();
        } else if (count > this.#maxChars) {
            this.refuse(say("tooLong", count, this.#maxChars));
        } else {
            this.refuse("");
            const detail = { messageId: this.#article.dataset.messageId, text };
            this.dispatchEvent(new CustomEvent("send", { detail }));
        }
    }

    #keyDown(event) {
        if (event.key === "Escape" && !event.isComposing) {
            // Not the key that stops a reply, here.
            event.preventDefault();
            event.stopPropagation();
            this.close();
        } else if (event.target instanceof HTMLTextAreaElement && isSendKey(event)) {
            event.preventDefault();
            this.#form.requestSubmit();
        }
    }

    #grow(box) {
        if (!CSS.supports("field-sizing", "content")) {
            box.rows = Math.min(12, Math.max(1, box.value.split("\n").length));
        }
    }

    #draftKey(article) {
        return `${this.#key}.${article.dataset.messageId}`;
    }
}
