// The messages on the page and the reply that is being written. Takes HTML that the server made safe.

import { addCopyButtons } from "./app.js";

function parse(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
}

/** The messages of the branch shown, oldest first. */
export class Timeline {
    #list;

    constructor(list) {
        this.#list = list;
    }

    has(id) {
        return this.#find(id) !== null;
    }

    /** Whether the message shows nothing but the notice that it was withheld or taken back. */
    isWithheld(id) {
        return Boolean(this.#find(id)?.querySelector('[data-notice="withheld"], [data-notice="withdrawn"]'));
    }

    /** Puts a message in place of the one with its id, or after another one; returns it. */
    put({ id, html, after }) {
        const element = parse(html);
        const old = this.#find(id);
        if (old) {
            const focus = old.contains(document.activeElement) ? document.activeElement : null;
            old.replaceWith(element);
            if (focus) {
                element.tabIndex = -1;
                const same = element.querySelector(`[data-action="${focus.dataset.action}"]`);
                (same ?? element).focus({ preventScroll: true });
            }
        } else if (after === null) {
            this.#list.prepend(element);
        } else {
            const before = this.#find(after) ?? this.#list.lastElementChild;
            before ? before.after(element) : this.#list.append(element);
        }
        addCopyButtons(element);
        return element;
    }

    remove(ids) {
        for (const id of ids) {
            this.#find(id)?.remove();
        }
    }

    /**
     * Brings the list in line with a snapshot ([{id, version}], the newest of the branch) and returns the ids of the
     * messages whose HTML is missing or old. Older messages, loaded on request, stay.
     */
    reconcile(messages) {
        const wanted = new Map(messages.map(({ id, version }) => [id, version]));
        const articles = [...this.#list.querySelectorAll("[data-message-id]")];
        const first = articles.findIndex((article) => wanted.has(article.dataset.messageId));
        for (const article of first < 0 ? articles : articles.slice(first)) {
            if (!wanted.has(article.dataset.messageId)) {
                article.remove();
            }
        }
        return messages
            .filter(({ id, version }) => Number(this.#find(id)?.dataset.version ?? -1) < version)
            .map(({ id }) => id);
    }

    #find(id) {
        return this.#list.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
    }
}

/** The reply being written, as a list of Markdown blocks of which only the changed ones are replaced. */
export class LiveReply {
    #place;
    #template;
    #prose = null;
    #blocks = [];
    #isContinuing = false;

    constructor(place, template) {
        this.#place = place;
        this.#template = template;
    }

    /** All blocks of the reply so far; `isContinuing`: it takes the place of the newest message. */
    set(blocks, { isContinuing = false } = {}) {
        this.#isContinuing = isContinuing;
        blocks.forEach((html, index) => this.#setBlock(index, html));
        this.#trim(blocks.length);
    }

    /** The blocks that changed, and how many there are now. */
    patch(changes, count) {
        for (const { index, html } of changes) {
            this.#setBlock(index, html);
        }
        this.#trim(count);
    }

    clear() {
        this.#place.replaceChildren();
        this.#prose = null;
        this.#blocks = [];
    }

    #setBlock(index, html) {
        if (this.#blocks[index] === html) {
            return;
        }
        if (!this.#prose) {
            this.#place.replaceChildren(this.#template.content.cloneNode(true));
            this.#place.firstElementChild.classList.toggle("is-continuing", this.#isContinuing);
            this.#prose = this.#place.querySelector(".prose");
        }
        while (this.#prose.childElementCount <= index) {
            const block = document.createElement("div");
            block.className = "block";
            block.dir = "auto";
            this.#prose.append(block);
        }
        this.#prose.children[index].innerHTML = html;
        this.#blocks[index] = html;
    }

    #trim(count) {
        if (count === 0) {
            this.clear();
            return;
        }
        this.#blocks.length = count;
        while (this.#prose && this.#prose.childElementCount > count) {
            this.#prose.lastElementChild.remove();
        }
    }
}

/** Follows the end of the thread while the reader is there, and offers the way back while not. */
export class Follower {
    #thread;
    #button;
    #isFollowing = true;

    static #NEAR_PX = 64;

    constructor(thread, button) {
        this.#thread = thread;
        this.#button = button;
        thread.addEventListener("scroll", () => this.#look(), { passive: true });
        button.addEventListener("click", () => {
            this.follow();
            document.getElementById("composer-text")?.focus({ preventScroll: true });
        });
        const observer = new ResizeObserver(() => this.keep());
        observer.observe(thread);
        observer.observe(thread.firstElementChild);
        this.follow();
    }

    /** To the end, and stay there. */
    follow() {
        this.#isFollowing = true;
        this.keep();
    }

    /** After something changed: stay at the end if the reader was there. */
    keep() {
        if (this.#isFollowing) {
            this.#thread.scrollTop = this.#thread.scrollHeight;
        }
        this.#button.hidden = this.#isFollowing || this.#distance < Follower.#NEAR_PX;
    }

    get isAtEnd() {
        return this.#isFollowing;
    }

    get #distance() {
        return this.#thread.scrollHeight - this.#thread.scrollTop - this.#thread.clientHeight;
    }

    #look() {
        this.#isFollowing = this.#distance < Follower.#NEAR_PX;
        this.#button.hidden = this.#isFollowing;
    }
}
