"use strict";

// A second press while the first is on its way would send the form twice. The button is marked, never disabled:
// a disabled button drops its own name and value from what is sent.
const isBusy = (element) => element.getAttribute("aria-busy") === "true";
const free = (form) => {
  [...form.elements].filter(isBusy).forEach((element) => element.removeAttribute("aria-busy"));
  noted.slow?.remove();
};

// One note for each trouble; its words stand on the body.
const noted = {};
const note = (trouble, kind) => {
  if (noted[trouble]?.isConnected) return;
  const one = noted[trouble] = document.getElementById("offline").content.firstElementChild.cloneNode(true);
  one.className = `note ${kind}`;
  one.querySelector("p").textContent = document.body.dataset[trouble];
  document.getElementById("toasts").append(one);
};
window.addEventListener("offline", () => note("offline", "bad"));
window.addEventListener("online", () => noted.offline?.remove());

// Where too many come at once the server says when to come again: the same request goes once more, with the same key
// and with the note of its first press. With a key it may also go once more when the network broke off, unless whoever
// asks sees to that (`once`).
const presses = new Map();
const ask = window.fetch;
window.fetch = async (address, options = {}) => {
  const key = options.body?.get?.("idempotency_key");
  for (let tries = 4; ; tries--) {
    const headers = new Headers(options.headers);
    if (presses.has(key)) headers.set("X-First-Press", presses.get(key));
    const answer = await ask(address, { ...options, headers }).catch((error) => {
      if (!key || !tries || options.once || error.name === "AbortError") throw error;
      note("offline", "bad");
    });
    if (answer) noted.offline?.remove();
    if (answer && (answer.status !== 503 || !tries || !answer.headers.has("Retry-After"))) {
      noted.busy?.remove();
      noted.away?.remove();
      return answer;
    }
    noted.slow?.remove();
    if (answer) note(answer.headers.get("X-Trouble") ?? "busy", "warn");
    if (key && answer?.headers.has("X-First-Press")) presses.set(key, answer.headers.get("X-First-Press"));
    await new Promise((go) => setTimeout(go, 1000 * (answer?.headers.get("Retry-After") ?? 3)));
  }
};

// The page that hands a form back presses its button by itself, but not into a network that is not there.
document.querySelectorAll("form[data-again]").forEach((form) => {
  const press = () => {
    if (navigator.onLine) form.requestSubmit(form.querySelector("button"));
    else window.addEventListener("online", press, { once: true });
  };
  form.querySelector("p[hidden]").hidden = false;
  setTimeout(press, 1000 * form.dataset.again);
});

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
  // Whoever waits is told so, once; a load that was broken off leaves the page standing and tells nobody.
  // A form that its answer has replaced stays marked, but nobody waits for it.
  const told = () => noted.busy?.isConnected || noted.away?.isConnected;
  const waits = () => form.isConnected && !told() && [...form.elements].some(isBusy);
  setTimeout(() => waits() && note("slow", "warn"), 4_000);
  setTimeout(() => form.matches(".htmx-request") || free(form), 30_000);
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

// "Copy" is there only where this runs; without it the text is selected by hand. Older phones, and pages that came
// without TLS, know only the older way.
document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = false; });
document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  const written = navigator.clipboard?.writeText(field.value) ?? Promise.reject();
  const copied = await written.then(() => true, () => document.execCommand("copy"));
  if (copied) button.textContent = button.dataset.copied;  // otherwise the text is selected, for a finger to copy
});

// What is typed into a form that asks for it (data-draft) stays in this browser, for its account alone, until the page
// shows that it is stored (data-key): nothing is lost with the network, the browser or the session. Signing out takes
// all of it away. A browser without storage works as if this were not here.
const DRAFT = "draft:";
const ofAccount = `${DRAFT}${document.body.dataset.account}:`;
const inStore = (work) => { try { return work(window.localStorage); } catch { return null; } };
const nameOf = (form) => `${ofAccount}${form.dataset.draft}`;
const typedIn = (form) => [...form.elements].filter(({ name, type }) =>
  name && type !== "submit" && (type !== "hidden" || name === "idempotency_key"));
const dropDrafts = (unwanted) => inStore((store) => Object.keys(store)
  .filter((key) => key.startsWith(DRAFT) && unwanted(key, store.getItem(key)))
  .forEach((key) => store.removeItem(key)));
const restore = () => {
  if (!document.body.dataset.account) return;
  const stored = new Set([...document.querySelectorAll("[data-key]")].map((one) => one.dataset.key));
  dropDrafts((key, text) => !key.startsWith(ofAccount) || stored.has(JSON.parse(text).idempotency_key));
  document.querySelectorAll("form[data-draft]").forEach((form) => {
    const draft = inStore((store) => JSON.parse(store.getItem(nameOf(form))));
    // What the page has filled in by itself, or hands back with a remark, is newer.
    if (!draft || form.querySelector("[aria-invalid]") || form.querySelector("[data-first]")?.defaultValue) return;
    typedIn(form).forEach((element) => { element.value = draft[element.name] ?? element.value; });
    form.querySelector("[data-restored]").hidden = false;
  });
};
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-draft]");
  const typed = () => JSON.stringify(Object.fromEntries(typedIn(form).map(({ name, value }) => [name, value])));
  if (form) inStore((store) => store.setItem(nameOf(form), typed()));
});
document.addEventListener("submit", ({ target }) => {
  if (target.getAttribute("action") === "/logout") dropDrafts(() => true);
});
restore();
new MutationObserver((changes) => {
  const brought = changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node.nodeType === 1);
  if (brought.some((node) => node.matches("form[data-draft]") || node.querySelector("form[data-draft]"))) restore();
}).observe(document.body, { childList: true, subtree: true });
