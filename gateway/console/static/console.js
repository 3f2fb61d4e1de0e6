// Small comforts. Everything works without this file.
"use strict";
for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    button.textContent = form.dataset.busy;
  });
}
// Coming back with the browser's button shows the page as it was left: put the labels right again.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
// A custom range is chosen by touching one of its ends.
for (const input of document.querySelectorAll("[data-chooses]")) {
  input.addEventListener("input", () => {
    const radio = document.getElementById(input.dataset.chooses);
    if (radio) radio.checked = true;
  });
}
