// Keeps the open queue current: asks for its rows every few seconds, and changes the page only when they changed.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const POLL_MS = 4_000;
  const queue = document.getElementById("queue");
  const said = document.getElementById("queue-said");
  if (!queue || !said) {
    return;
  }
  let etag = queue.dataset.etag;

  const rows = () => [...queue.querySelectorAll("tr[data-id]")];
  const links = () => [...queue.querySelectorAll(".field-what a")];

  const show = (html) => {
    const chosen = new Set([...queue.querySelectorAll("input:checked")].map((box) => box.value));
    const focused = document.activeElement;
    const row = focused?.closest?.("tr[data-id]");
    const isBox = focused?.matches?.("input");
    // The server's own page, escaped by its templates.
    queue.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    for (const box of queue.querySelectorAll("input[type=checkbox]")) {
      box.checked = chosen.has(box.value);
    }
    if (row) {
      const same = rows().find((one) => one.dataset.id === row.dataset.id);
      same?.querySelector(isBox ? "input" : "a")?.focus();
    }
    said.textContent = `${queue.dataset.news} ${queue.querySelector(".queue-count")?.textContent ?? ""}`;
  };

  const look = async () => {
    if (document.hidden) {
      return;
    }
    const url = new URL(window.location.href);
    url.searchParams.set("fragment", "1");
    try {
      const response = await fetch(url, { headers: { "If-None-Match": etag }, cache: "no-store" });
      if (response.ok && !response.redirected) {
        etag = response.headers.get("ETag") ?? etag;
        show(await response.text());
      }
    } catch {
      // Offline for a moment; the next look tells.
    }
  };

  window.setInterval(look, POLL_MS);
  document.addEventListener("visibilitychange", look);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select, textarea")) {
      return;
    }
    const step = { n: 1, p: -1 }[event.key];
    if (!step) {
      return;
    }
    const all = links();
    const at = all.findIndex((link) => link.closest("tr").contains(document.activeElement));
    all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))]?.focus();
    event.preventDefault();
  });
});
