// Puts text on the clipboard, also on plain http, where browsers keep `navigator.clipboard` to themselves.

/** Resolves once it is there; rejects when the browser refuses. */
export async function clipboardWrite(text) {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text);
        return;
    }
    const holder = document.activeElement;
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "visually-hidden";
    document.body.append(box);
    box.select();
    const isCopied = document.execCommand("copy");
    box.remove();
    holder?.focus({ preventScroll: true });
    if (!isCopied) {
        throw new Error("the browser refused to copy");
    }
}
