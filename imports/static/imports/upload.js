"use strict";
// Prevents a form from being submitted twice, and shows a text while the server works.

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
  // The "back" button of the browser shows the page as it was left: the form can be sent again.
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    if (status) status.textContent = "";
  });
});
