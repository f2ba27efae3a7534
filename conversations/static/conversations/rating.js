// Thumbs up and down. The server keeps them; the new HTML of the message comes over the websocket.

/** Events: `rated`, `failed`. */
export class Rater extends EventTarget {
    #dialog;
    #form;
    #button = null;

    constructor(dialog) {
        super();
        this.#dialog = dialog;
        this.#form = dialog.querySelector("form");
        this.#form.addEventListener("submit", (event) => {
            if (event.submitter?.value !== "cancel") {
                event.preventDefault();
                this.#send(this.#button, "bad");
                dialog.close();
            }
        });
        dialog.addEventListener("close", () => this.#giveFocusBack());
    }

    /** A press on one of the two buttons of a message; on a pressed one it takes the rating back. */
    press(button) {
        const isPressed = button.getAttribute("aria-pressed") === "true";
        const value = isPressed ? "" : button.dataset.action;
        this.#form.reset();
        this.#send(button, value);
        if (value === "bad") {
            this.#button = button;
            this.#dialog.showModal();
        }
    }

    async #send(button, value) {
        const body = new FormData(this.#form);
        body.set("value", value);
        for (const one of button.parentElement.querySelectorAll("[data-rate]")) {
            one.setAttribute("aria-pressed", String(one.dataset.action === value));
        }
        try {
            // A session that ended answers with a redirect, which is no answer here.
            const response = await fetch(button.dataset.rate, { method: "POST", body, redirect: "manual" });
            if (!response.ok) {
                throw new Error(String(response.status));
            }
            this.dispatchEvent(new Event("rated"));
        } catch {
            for (const one of button.parentElement.querySelectorAll("[data-rate]")) {
                one.setAttribute("aria-pressed", "false");
            }
            this.dispatchEvent(new Event("failed"));
        }
    }

    /** The message was given new HTML while the dialog was open: its new button is the one to go back to. */
    #giveFocusBack() {
        const rate = CSS.escape(this.#button?.dataset.rate ?? "");
        document.querySelector(`[data-action=bad][data-rate="${rate}"]`)?.focus({ preventScroll: true });
    }
}
