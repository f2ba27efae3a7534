// Older messages: loaded when the reader comes near the first one, without moving what is being read.

import { addCopyButtons } from "./app.js";

const NEAR = "1200px 0px 0px 0px";
const KEPT = 100;
const TOO_MANY = 200;

/** Events: `failed`. The button in the page does the same by hand, and is where a failure leads back to. */
export class EarlierMessages extends EventTarget {
    #list;
    #thread;
    #isLoading = false;
    #observer;

    constructor(thread, list) {
        super();
        this.#thread = thread;
        this.#list = list;
        this.#observer = new IntersectionObserver((entries) => this.#look(entries), { root: thread, rootMargin: NEAR });
        list.addEventListener("click", (event) => {
            if (event.target instanceof Element && event.target.closest("[data-earlier]")) {
                this.#load();
            }
        });
        this.#watch();
    }

    /** Keeps the page small while the reader is at its end: the oldest go, and come back when they are wanted. */
    trim() {
        const articles = this.#list.querySelectorAll("[data-message-id]");
        if (articles.length <= TOO_MANY || this.#isLoading) {
            return;
        }
        const old = [...articles].slice(0, articles.length - KEPT);
        if (old.some((article) => article.contains(document.activeElement) || article.matches(".is-edited"))) {
            return;
        }
        for (const article of old) {
            article.remove();
        }
        this.refresh();
    }

    /** After messages were put or taken away: whether there is more before the first one follows from that one. */
    refresh() {
        const first = this.#list.querySelector("[data-message-id]");
        const button = this.#list.querySelector(".earlier");
        const isWanted = Boolean(first?.dataset.parent);
        if (button && !isWanted) {
            button.remove();
        } else if (!button && isWanted) {
            this.#list.prepend(document.getElementById("earlier-template").content.cloneNode(true));
        } else if (button && button !== this.#list.firstElementChild) {
            this.#list.prepend(button);
        }
        this.#watch();
    }

    #watch() {
        this.#observer.disconnect();
        const button = this.#list.querySelector(".earlier");
        if (button) {
            this.#observer.observe(button);
        }
    }

    #look(entries) {
        // At the end of a short conversation the beginning is near, too: only who scrolls up asks for more.
        const hasRoom = this.#thread.scrollHeight > this.#thread.clientHeight;
        if (hasRoom && entries.some((entry) => entry.isIntersecting)) {
            this.#load();
        }
    }

    async #load() {
        const first = this.#list.querySelector("[data-message-id]");
        if (!first || this.#isLoading) {
            return;
        }
        this.#isLoading = true;
        try {
            const url = `${this.#list.dataset.earlier}?before=${first.dataset.messageId}`;
            const response = await fetch(url, { redirect: "manual" });
            if (!response.ok) {
                throw new Error(String(response.status));
            }
            const html = await response.text();
            if (first.isConnected) {
                this.#put(html, first);
            }
        } catch {
            this.dispatchEvent(new Event("failed"));
            return;
        } finally {
            this.#isLoading = false;
        }
        this.#watch();
    }

    #put(html, first) {
        const template = document.createElement("template");
        template.innerHTML = html;
        addCopyButtons(template.content);
        const button = this.#list.querySelector(".earlier");
        const hadFocus = button?.contains(document.activeElement);
        const top = first.getBoundingClientRect().top;
        button?.remove();
        first.before(template.content);
        // Browsers that keep the place by themselves have done so by now.
        this.#thread.scrollTop += first.getBoundingClientRect().top - top;
        if (hadFocus) {
            first.tabIndex = -1;
            first.focus({ preventScroll: true });
        }
    }
}
