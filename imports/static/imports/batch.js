"use strict";
// Keeps the page of a running import up to date, until it has ended.

(() => {
  const EVERY_MS = 2000;
  const page = document.querySelector("[data-progress-url]");
  if (!page || page.dataset.live !== "true") return;

  const fields = page.querySelectorAll("[data-field]");
  const bar = page.querySelector("[role=progressbar]");
  const badge = page.querySelector(".batch-badge");
  let misses = 0;

  const say = (element, text) => {
    if (element.textContent !== text) element.textContent = text; // a screen reader reads changes
  };

  const show = (state) => {
    fields.forEach((element) => say(element, String(state[element.dataset.field])));
    bar.setAttribute("aria-valuenow", state.percent);
    bar.setAttribute("aria-valuetext", `${state.percent} %`);
    bar.querySelector("progress").value = state.percent;
    page.className = `batch-state batch-${state.status}`;
    badge.className = `batch-badge batch-${state.status}`;
  };

  // Row errors, buttons and times of an import that has ended stand in the page itself.
  const showResult = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const result = fresh.querySelector("[data-result]");
    if (result) document.querySelector("[data-result]").replaceWith(result);
  };

  const ask = async () => {
    const answer = await fetch(page.dataset.progressUrl, {
      credentials: "same-origin",
      headers: { Accept: "application/json" },
    });
    if (answer.redirected || answer.status === 403 || answer.status === 404) {
      say(page.querySelector(".batch-speed"), "You are logged out. Log in and open this page again.");
      return false;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const state = await answer.json();
    show(state);
    if (!state.is_live) await showResult();
    return state.is_live;
  };

  const again = async () => {
    try {
      if (!(await ask())) return;
      misses = 0;
    } catch {
      misses += 1;
      say(page.querySelector(".batch-speed"), "The server does not answer. Trying again …");
    }
    setTimeout(again, EVERY_MS * Math.min(2 ** misses, 16));
  };
  setTimeout(again, EVERY_MS);
})();
