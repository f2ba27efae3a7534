// One key each on the page of a flag, beside buttons that do the same by mouse and touch.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const undo = document.getElementById("undo");
  if (undo) {
    // Gone when it would be refused.
    const left = new Date(undo.dataset.until).getTime() - Date.now();
    window.setTimeout(() => undo.remove(), Math.max(0, left));
  }

  const reply = document.getElementById("id_reply");
  for (const button of document.querySelectorAll("[data-reply]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      reply.value = button.dataset.reply;
      reply.focus();
    });
  }

  const outcomes = [...document.querySelectorAll("details[data-key]")];
  const open = (outcome) => {
    for (const other of outcomes) {
      other.open = other === outcome;
    }
    outcome.querySelector("button")?.focus();
  };

  const press = (key) => {
    const outcome = outcomes.find((one) => one.dataset.key === key);
    if (outcome) {
      open(outcome);
      return true;
    }
    if (/^[1-9]$/.test(key)) {
      const buttons = outcomes.find((one) => one.open)?.querySelectorAll("button[name=decision]");
      buttons?.[Number(key) - 1]?.click();
      return Boolean(buttons);
    }
    const target = document.querySelector(`[data-press="${key}"]`);
    target?.click();
    return Boolean(target);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
      return;
    }
    const field = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (field) {
      if (event.key === "Escape") {
        field.blur();
      }
      return;
    }
    if (press(event.key)) {
      event.preventDefault();
    }
  });
});
