// Keeps the claim on the open flag alive while its reviewer is active, and gives it back when the page is left.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const RENEW_MS = 60_000;
  const claim = document.getElementById("claim");
  const token = document.querySelector("[name=csrfmiddlewaretoken]");
  if (!claim || !token) {
    return;
  }
  let renewedAt = Date.now();
  let isLeaving = false;

  const body = (fields) => new URLSearchParams({ csrfmiddlewaretoken: token.value, ...fields });

  const renew = async () => {
    if (Date.now() - renewedAt < RENEW_MS) {
      return;
    }
    renewedAt = Date.now();
    try {
      const response = await fetch(claim.dataset.url, { method: "POST", body: body({}) });
      const told = response.ok ? (await response.json()).claim : { isMine: true, until: claim.dataset.until };
      if (told?.isMine) {
        claim.dataset.until = told.until;
      } else {
        claim.textContent = claim.dataset.lost;
        claim.classList.add("review-claim-other");
        claim.setAttribute("role", "alert");
      }
    } catch {
      // The lease lasts for minutes; the next activity tries again.
      renewedAt = 0;
    }
  };

  for (const what of ["keydown", "pointerdown", "scroll"]) {
    document.addEventListener(what, renew, { passive: true });
  }
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      // Back from the browser's memory: the claim may be another's by now.
      window.location.reload();
    }
  });
  document.addEventListener("submit", () => {
    isLeaving = true;
  });
  window.addEventListener("pagehide", () => {
    if (!isLeaving) {
      navigator.sendBeacon(claim.dataset.url, body({ release: claim.dataset.until }));
    }
  });
});
