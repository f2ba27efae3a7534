// Reads a reply to screen readers in whole sentences, not in the pieces in which it streams.

const PAUSE_MS = 1_200;
const MAX_LINES = 12;
const SENTENCE = /[^.!?。！？\n]*[.!?。！？\n]+["'”’）)]*\s*/g;

/** Takes away the signs of Markdown that would be read out one by one. */
function plain(text) {
    return text
        .replace(/```[^\n]*/g, "")
        .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replace(/[*_`#>|~]+/g, "")
        .replace(/\s+/g, " ")
        .trim();
}

export class Announcer {
    #region;
    #buffer = "";
    #ready = [];
    #timer = 0;

    constructor(region) {
        this.#region = region;
    }

    /** Reply text as it comes in; spoken once a sentence is complete. */
    add(text) {
        this.#buffer += text;
        let end = 0;
        for (const match of this.#buffer.matchAll(SENTENCE)) {
            this.#queue(match[0]);
            end = match.index + match[0].length;
        }
        this.#buffer = this.#buffer.slice(end);
    }

    /** The rest, when the reply has ended. */
    finish() {
        this.#queue(this.#buffer);
        this.#buffer = "";
    }

    /** What was taken off the page is neither read out any more nor left here for a screen reader to find. */
    forget() {
        this.reset();
        this.#region.replaceChildren();
    }

    reset() {
        this.#buffer = "";
        this.#ready = [];
    }

    /** A sentence of the page itself. */
    say(sentence) {
        this.#queue(sentence);
    }

    #queue(text) {
        const sentence = plain(text);
        if (!sentence) {
            return;
        }
        this.#ready.push(sentence);
        this.#timer ||= setTimeout(() => this.#speak(), PAUSE_MS);
    }

    #speak() {
        this.#timer = 0;
        const line = document.createElement("p");
        line.dir = "auto";
        line.textContent = this.#ready.splice(0).join(" ");
        this.#region.append(line);
        while (this.#region.childElementCount > MAX_LINES) {
            this.#region.firstElementChild.remove();
        }
    }
}
