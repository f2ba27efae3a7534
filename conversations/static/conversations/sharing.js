// Copying a link and printing: buttons that only a browser with scripts can offer.

for (const button of document.querySelectorAll("[data-print], [data-copy-link]")) {
    button.hidden = false;
}

document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-print], [data-copy-link]") : null;
    if (button?.matches("[data-print]")) {
        print();
    } else if (button) {
        const link = button.closest(".share").querySelector("input[readonly]");
        link.select();
        try {
            await navigator.clipboard.writeText(link.value);
        } catch {
            // Plain http has no clipboard: the link stays selected, to be copied by hand.
            return;
        }
        button.setAttribute("aria-pressed", "true");
        setTimeout(() => button.removeAttribute("aria-pressed"), 2000);
    }
});
