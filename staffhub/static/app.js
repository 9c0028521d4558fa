"use strict";

// A second press while the first is on its way would send the form twice. The button is marked, never disabled:
// a disabled button drops its own name and value from what is sent.
const isBusy = (element) => element.getAttribute("aria-busy") === "true";
const free = (form) => [...form.elements].filter(isBusy).forEach((element) => element.removeAttribute("aria-busy"));

document.addEventListener("submit", (event) => {
  const form = event.target;
  const method = event.submitter?.getAttribute("formmethod") ?? form.getAttribute("method");
  if (method?.toLowerCase() !== "post") return;
  if ([...form.elements].some(isBusy)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  event.submitter?.setAttribute("aria-busy", "true");
  // After the other listeners: a submission that was stopped, by a declined question for instance, brings no new page.
  setTimeout(() => event.defaultPrevented && !form.matches(".htmx-request") && free(form));
  // A load that the person or the network broke off leaves the page standing and tells nobody.
  setTimeout(free, 20_000, form);
}, true);

// An answer for a part of the page brings no new page either: the class goes when it is there.
new MutationObserver((changes) => {
  for (const { target, oldValue } of changes) {
    const form = target.closest("form");
    if (form && oldValue?.includes("htmx-request") && !target.matches(".htmx-request")) free(form);
  }
}).observe(document.documentElement, { subtree: true, attributeFilter: ["class"], attributeOldValue: true });

// The back button may bring a page back as it was left.
window.addEventListener("pageshow", () => [...document.forms].forEach(free));

const closeMenus = (except) => document.querySelectorAll("details.menu[open]").forEach((menu) => {
  if (!except || !menu.contains(except)) menu.open = false;
});
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.activeElement.closest("details.menu[open]")?.querySelector("summary").focus();
  closeMenus();
});

let offline;
window.addEventListener("offline", () => {
  if (offline?.isConnected) return;
  offline = document.getElementById("offline").content.firstElementChild.cloneNode(true);
  offline.querySelector("p").textContent = document.body.dataset.offline;
  document.getElementById("toasts").append(offline);
});
window.addEventListener("online", () => offline?.remove());

// The clock before the check-in runs, by the server's clock and in the office's zone, whatever the phone believes.
const shown = new WeakMap();
const tick = () => document.querySelectorAll("[data-now]").forEach((clock) => {
  if (!shown.has(clock)) shown.set(clock, Date.now());
  const at = new Date(Date.parse(`${clock.dataset.now.slice(0, 19)}Z`) + Date.now() - shown.get(clock));
  const text = [at.getUTCHours(), at.getUTCMinutes()].map((n) => String(n).padStart(2, "0")).join(clock.textContent[2]);
  if (clock.textContent !== text) clock.textContent = text;
});
tick();
setInterval(tick, 1000);

// A month that is wider than the screen opens at today, not at its first days.
for (const today of document.querySelectorAll(".scroll .sheet thead .today")) {
  const names = today.parentElement.firstElementChild.offsetWidth;
  today.closest(".scroll").scrollLeft = today.offsetLeft - names - 2 * today.offsetWidth;
}

// "Show the password" is there only where this runs. What is sent is a password again, so that the browser keeps it
// among the passwords and never among the words it proposes.
const reveal = (form, type) => form?.querySelectorAll("input[autocomplete$=password]").forEach((input) => { input.type = type; });
document.querySelectorAll("[data-reveal]").forEach((label) => { label.hidden = false; });
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-reveal] input")) reveal(target.form, target.checked ? "text" : "password");
});
document.addEventListener("submit", ({ target }) => reveal(target, "password"));
