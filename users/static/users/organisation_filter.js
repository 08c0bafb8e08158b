"use strict";
// Filters a list as soon as an organisation is chosen. The button is for browsers without scripts.

addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-organisation-filter]").forEach((form) => {
    form.querySelector("button").hidden = true;
    // The field tells jQuery of a change, not the document.
    django.jQuery(form).on("change", "select", () => form.submit());
  });
});
