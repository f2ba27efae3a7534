// Shows the message that a search result led to, against the thread's own wish to be at its end.

const message = document.querySelector(`[data-message-id="${CSS.escape(document.getElementById("thread").dataset.found)}"]`);
const DEADLINE_MS = 2_000;
const MARGIN_PX = 72;
const end = performance.now() + DEADLINE_MS;
let isLeft = false;

for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) {
    addEventListener(name, () => (isLeft = true), { once: true, passive: true });
}

function isSeen() {
    const { top, bottom } = message.getBoundingClientRect();
    return top >= MARGIN_PX && (bottom <= innerHeight - 2 * MARGIN_PX || top < 2 * MARGIN_PX);
}

function show() {
    const isTall = message.offsetHeight > innerHeight / 2;
    message.scrollIntoView({ block: isTall ? "start" : "center", behavior: "instant" });
}

// The page lays itself out, scrolls to its newest message and loads what is newer; the place is kept until it rests.
function hold() {
    if (isLeft) {
        return;
    }
    if (!isSeen()) {
        show();
    }
    if (performance.now() < end) {
        requestAnimationFrame(hold);
    }
}

if (message) {
    message.classList.add("is-found");
    message.tabIndex = -1;
    show();
    message.focus({ preventScroll: true });
    requestAnimationFrame(hold);
}
