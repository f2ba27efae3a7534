// The empty conversation: its first prompt is a plain form, so the box keeps its draft and the page goes on by itself.

import { draftRead, draftWrite, draftsForget } from "./drafts.js";
import { config, isSendKey, say, uuid } from "./app.js";

const form = document.getElementById("composer");
const text = form.querySelector("textarea");
const alertLine = form.querySelector("#composer-alert");
const state = form.querySelector("#composer-state");
const id = form.elements.client_id;
const key = form.dataset.draftKey;
// A site on this very machine is reachable without any network.
const IS_THIS_MACHINE = /^(localhost|127\.[\d.]+|\[::1\])$/;
let isSent = false;

function keep(clientId = null) {
    if (!draftWrite(key, text.value, clientId)) {
        alertLine.textContent = say("notKept");
        alertLine.hidden = false;
    }
}

function restore() {
    isSent = false;
    const draft = draftRead(key);
    if (draft && !text.value) {
        text.value = draft.text;
    }
    // The same text under the same id can be sent again without harm; any other text needs an id of its own.
    id.value = draft?.clientId && draft.text === text.value ? draft.clientId : uuid();
}

text.addEventListener("input", () => {
    isSent = false;
    id.value = uuid();
    const count = [...text.value].length;
    state.textContent = count > config.maxChars * 0.9 ? `${count} / ${config.maxChars}` : "";
    state.dataset.over = String(count > config.maxChars);
    keep();
});

text.addEventListener("keydown", (event) => {
    if (isSendKey(event)) {
        event.preventDefault();
        form.requestSubmit();
    }
});

form.addEventListener("submit", (event) => {
    const suggestion = event.submitter?.name === "suggestion" ? event.submitter.value : "";
    const count = [...text.value].length;
    let refusal = "";
    if (count > config.maxChars && !suggestion) {
        refusal = say("tooLong", count, config.maxChars);
    } else if (!navigator.onLine && !IS_THIS_MACHINE.test(location.hostname)) {
        refusal = say("offlineIdle");
    }
    alertLine.textContent = refusal;
    alertLine.hidden = !refusal;
    if (isSent || refusal || (!suggestion && !text.value.trim())) {
        event.preventDefault();
        text.focus();
        return;
    }
    isSent = true;
    if (suggestion) {
        // A suggestion is a prompt of its own; text in the box stays a draft.
        id.value = uuid();
        return;
    }
    keep(id.value);
    state.textContent = say("sending");
});

addEventListener("pageshow", (event) => event.persisted && restore());
draftsForget();
restore();
if (!matchMedia("(pointer: coarse)").matches) {
    text.focus();
}
