// What every page has: the theme without a reload, the dialogs, the copy buttons, the words for the rest of the code.

import { clipboardWrite } from "./clipboard.js";
import { draftsForget } from "./drafts.js";

const config = JSON.parse(document.getElementById("chat-config")?.textContent ?? "{}");

/** A sentence in the person's language; `{0}`, `{1}` are filled in. */
export function say(name, ...values) {
    const sentence = config.strings?.[name] ?? name;
    return sentence.replace(/\{(\d)\}/g, (_match, index) => String(values[Number(index)]));
}

export { config };

/** A random UUID. `crypto.randomUUID` is missing on plain http that is not this machine. */
export function uuid() {
    if (crypto.randomUUID) {
        return crypto.randomUUID();
    }
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether a key press in the box means "send". While an input method is open, Enter picks a word (Safari: 229). */
export function isSendKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) {
        return false;
    }
    if (document.documentElement.dataset.sendKey === "ctrl-enter") {
        return event.ctrlKey || event.metaKey;
    }
    // A phone's keyboard has no Shift for a new line: there Enter makes one, and the button sends.
    return event.ctrlKey || event.metaKey || !matchMedia("(pointer: coarse)").matches;
}

/** Adds a copy button to each finished code block below `root`. */
export function addCopyButtons(root) {
    for (const head of root.querySelectorAll(".code-head")) {
        if (head.querySelector(".copy-button")) {
            continue;
        }
        const button = document.createElement("button");
        button.type = "button";
        button.className = "copy-button";
        button.textContent = say("copy");
        head.append(button);
    }
}

async function copyCode(button) {
    const code = button.closest(".code-block")?.querySelector("pre")?.innerText ?? "";
    try {
        await clipboardWrite(code);
        button.textContent = say("copied");
    } catch {
        button.textContent = say("copyFailed");
    }
    setTimeout(() => {
        button.textContent = say("copy");
    }, 2000);
}

function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-form] button")) {
        button.setAttribute("aria-pressed", String(button.value === theme));
    }
}

document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const copy = target?.closest(".copy-button");
    if (copy) {
        copyCode(copy);
        return;
    }
    const opener = target?.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        dialog.showModal();
    }
});

document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form instanceof HTMLFormElement && form.matches("[data-sign-out]")) {
        // Whoever signs out by hand may leave the device to others.
        draftsForget({ all: true });
    }
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-theme-form]")) {
        return;
    }
    // The server sets the cookie, as it would without this code; only the reload is saved.
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    setTheme(String(data.get("theme")));
    fetch(form.action, { method: "POST", body: data, redirect: "manual" }).catch(() => form.submit());
});

document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
        return;
    }
    const cancel = document.querySelector("[data-title-form] [data-cancel]");
    if (cancel && event.target instanceof Element && event.target.closest("[data-title-form]")) {
        event.preventDefault();
        event.stopPropagation();
        cancel.click();
    }
}, { capture: true });

// A new form or title arrives through htmx: put the focus where it says.
document.addEventListener("htmx:afterSettle", (event) => {
    const focus = event.target instanceof Element ? event.target.querySelector("[autofocus]") : null;
    focus?.focus();
    if (focus instanceof HTMLInputElement) {
        focus.select();
    }
});

document.addEventListener("htmx:sendError", () => {
    document.dispatchEvent(new CustomEvent("chat:trouble", { detail: say("loadFailed") }));
});

addCopyButtons(document);
