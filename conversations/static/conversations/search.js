// Ctrl+K opens the search from anywhere: in a dialog where the page has one, as a page of its own elsewhere.

import "./app.js";

const dialog = document.getElementById("search-dialog");
const text = document.querySelector("main .search-text") ?? dialog?.querySelector(".search-text");
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

function open() {
    if (text && !dialog?.contains(text)) {
        text.focus();
        text.select();
    } else if (dialog) {
        if (!dialog.open) {
            document.querySelector("[popover]:popover-open")?.hidePopover();
            dialog.showModal();
        }
        text.focus();
        text.select();
    } else {
        location.assign(document.body.dataset.searchUrl);
    }
}

document.addEventListener("keydown", (event) => {
    const isWanted = event.key.toLowerCase() === "k" && (isMac ? event.metaKey : event.ctrlKey);
    if (isWanted && !event.altKey && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        open();
    }
});

document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-search]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        open();
    } else if (target?.closest("[data-close-dialog]") || target === dialog) {
        dialog?.close();
    }
});

// From the box down into the results and back, without the mouse.
document.addEventListener("keydown", (event) => {
    const panel = event.target instanceof Element ? event.target.closest(".search-panel") : null;
    if (!panel || !["ArrowDown", "ArrowUp"].includes(event.key) || event.target.type === "date") {
        return;
    }
    const stops = [panel.querySelector(".search-text"), ...panel.querySelectorAll(".search-hit, .search-more a")];
    const here = stops.indexOf(document.activeElement);
    const next = stops[here + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) {
        event.preventDefault();
        next.focus();
    }
});

// A result in this very conversation is only another place of the page; the page must be made for it all the same.
dialog?.addEventListener("click", (event) => {
    const hit = event.target instanceof Element ? event.target.closest("a.search-hit") : null;
    if (hit) {
        dialog.close();
    }
});
