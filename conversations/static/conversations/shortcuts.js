// Keys that work anywhere on a page of the chat. "?" shows the list of them.

import "./app.js";

const dialog = document.getElementById("shortcuts-dialog");

/** Whether a key press belongs to something that is being written or chosen. */
function isTaken(event) {
    const field = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    return Boolean(field) || event.isComposing || document.querySelector("dialog[open], [popover]:popover-open") !== null;
}

document.addEventListener("keydown", (event) => {
    const hasModifier = event.ctrlKey || event.metaKey;
    if (event.altKey || event.defaultPrevented) {
        return;
    }
    if (event.key === "/" && hasModifier && !document.querySelector("dialog[open]")) {
        event.preventDefault();
        dialog?.showModal();
    } else if (hasModifier || isTaken(event)) {
        return;
    } else if (event.key === "?") {
        event.preventDefault();
        dialog?.showModal();
    } else if (event.key === "/") {
        event.preventDefault();
        document.getElementById("composer-text")?.focus();
    }
});
