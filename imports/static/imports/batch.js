"use strict";
// Updates the page of a running import every two seconds, until the import has ended.

(() => {
  const INTERVAL_MS = 2000;
  const section = document.querySelector("[data-progress-url]");
  if (!section || section.dataset.live !== "true") return;

  const fields = section.querySelectorAll("[data-field]");
  const bar = section.querySelector("[role=progressbar]");
  const badge = section.querySelector(".batch-badge");
  const speed = section.querySelector(".batch-speed");
  let failures = 0;

  // Only writes a text that has changed: a screen reader reads out every write.
  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const showState = (state) => {
    fields.forEach((element) => setText(element, String(state[element.dataset.field])));
    bar.setAttribute("aria-valuenow", state.percent);
    bar.setAttribute("aria-valuetext", `${state.percent} %`);
    bar.querySelector("progress").value = state.percent;
    section.className = `batch-state batch-${state.status}`;
    badge.className = `batch-badge batch-${state.status}`;
  };

  // Row errors, buttons and times are not part of the state. They come from the page itself.
  const showResult = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const result = page.querySelector("[data-result]");
    if (result) document.querySelector("[data-result]").replaceWith(result);
  };

  // Returns whether to go on. Throws if the server does not answer.
  const update = async () => {
    const answer = await fetch(section.dataset.progressUrl, {
      credentials: "same-origin",
      headers: { Accept: "application/json" },
    });
    if (answer.redirected || answer.status === 403 || answer.status === 404) {
      setText(speed, "You are logged out. Log in and open this page again.");
      return false;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const state = await answer.json();
    showState(state);
    if (!state.is_live) await showResult();
    return state.is_live;
  };

  const poll = async () => {
    try {
      if (!(await update())) return;
      failures = 0;
    } catch {
      failures += 1;
      setText(speed, "The server does not answer. Trying again …");
    }
    setTimeout(poll, INTERVAL_MS * Math.min(2 ** failures, 16));
  };
  setTimeout(poll, INTERVAL_MS);
})();
