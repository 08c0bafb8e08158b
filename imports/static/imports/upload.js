"use strict";
// A form is sent once, and says that it is on its way.

document.querySelectorAll("[data-import-form]").forEach((form) => {
  const button = form.querySelector("input[type=submit]");
  const status = form.querySelector("[data-status]");
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "true";
    if (button && status) status.textContent = button.dataset.busy;
  });
  // Back from the next page: the browser shows this one as it was left.
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    if (status) status.textContent = "";
  });
});
