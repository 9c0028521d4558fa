"use strict";

// A tap is kept in this browser before it is sent and dropped once it is answered, so that neither a lost network nor a
// closed page loses it. What was not answered waits and is sent later, with the same key: it becomes one mark. Page and
// service worker share this part.
const MARK = /^\/presence\/(check-(in|out))$/;
const ON_ITS_WAY = 60_000;
const opened = () => new Promise((done, failed) => {
  const asked = indexedDB.open("staffhub", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("taps", { keyPath: "key" });
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => failed(asked.error);
});
const inTaps = async (mode, work) => {
  const store = await opened();
  try {
    return await new Promise((done, failed) => {
      const all = store.transaction("taps", mode, { durability: "strict" });
      const asked = work(all.objectStore("taps"));
      all.oncomplete = () => done(asked.result);
      all.onerror = all.onabort = () => failed(all.error);
    });
  } finally {
    store.close();
  }
};
const keepTap = (tap) => inTaps("readwrite", (taps) => taps.put(tap));
const dropTap = (key) => inTaps("readwrite", (taps) => taps.delete(key));
const keptTaps = async () => (await inTaps("readonly", (taps) => taps.getAll()).catch(() => [])).sort((a, b) => a.at - b.at);

// How long it waited is known by the steady clock only to the page in which it was tapped; a tap before that waited
// longer than the next one that this page saw (by more than a slow answer takes), and so stays before it.
const lateForm = (tap, load, taps) => {
  const form = new URLSearchParams({ ...tap.form, account: tap.account, ticket: tap.ticket, wall_before: tap.wall });
  if (tap.steady !== null) form.set("steady_before", tap.steady);
  const seen = tap.load === load ? tap : taps.find((one) => one.at > tap.at && one.load === load);
  if (seen) {
    form.set("steady_after", Math.round(performance.now() - seen.now) + (seen === tap ? 0 : 2_000));
    form.set("wall_after", Math.max(0, Date.now() - tap.at));
  }
  return form;
};
// One page or worker at a time. Returns where the last one led, and whether somebody must sign in first.
const inTurn = (work) => (navigator.locks ? navigator.locks.request("taps", work) : work());
const sendTaps = (ask, account, load) => inTurn(async () => {
  let onward = null;
  const taps = await keptTaps();
  for (const tap of taps) {
    const gone = Date.now() - tap.sent;
    if (tap.refused || (account && tap.account !== account) || (gone >= 0 && gone < ON_ITS_WAY)) continue;
    const headers = { "HX-Request": "true" };
    const answer = await ask("/presence/late", { method: "POST", headers, body: lateForm(tap, load, taps), once: true });
    const to = answer.headers.get("HX-Redirect") ?? "";
    if (answer.status >= 500 || answer.status === 409) throw new Error("not now");  // 409: another came just then
    if (to.startsWith("/login") || to.startsWith("/account")) return { onward, signIn: true };
    if (answer.status === 204) {
      await dropTap(tap.key);
      onward = to;
    } else {
      await keepTap({ ...tap, refused: true });
    }
  }
  return { onward, signIn: false };
});

if (self.document) {
  const { account } = document.body.dataset;
  const waits = document.getElementById("waits");
  const saved = Number(document.documentElement.dataset.saved ?? 0);
  const random = () => [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(16).padStart(8, "0")).join("-");
  const load = random();
  const arrived = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
  const began = Date.now() - performance.now() + arrived;
  const ask = window.fetch;
  const ticketed = () => Number(waits.dataset.ticket.split(".")[0]);

  const tapOf = (path, body) => {
    const [out] = path.match(/out$/) ?? [];
    const form = { kind: out ? "check_out" : "check_in", idempotency_key: body.get("idempotency_key") };
    if (!out) Object.assign(form, { mode: body.get("mode"), note: body.get("note") ?? "" });
    // A page that was kept knows nothing of the time between its ticket and its being opened but what the wall says.
    const steady = saved ? null : Math.round(performance.now() - arrived);
    const wall = Math.max(0, Math.round(Date.now() - (saved ? ticketed() : began)));
    const { ticket } = waits.dataset;
    return { key: form.idempotency_key, account, form, ticket, steady, wall, at: Date.now(), now: performance.now(), load };
  };

  // What waits, in words, with what can be done next: all of it stands in the page's own template.
  const digits = (n) => String(n).padStart(2, "0");
  const clockOf = (ms) => {
    const at = new Date(ms + 60_000 * waits.dataset.offset);
    return [at.getUTCHours(), at.getUTCMinutes()].map(digits).join(document.documentElement.lang === "id" ? "." : ":");
  };
  const dayOf = (ms) => new Date(ms + 60_000 * waits.dataset.offset).toISOString().slice(0, 10);
  const cardOf = (taps) => {
    const card = waits.content.firstElementChild.cloneNode(true);
    const { words } = card.dataset;
    const said = JSON.parse(words);
    const list = card.querySelector("[data-taps]");
    const line = list.firstElementChild;
    list.replaceChildren(...taps.map((tap) => {
      const one = line.cloneNode(true);
      // As the page's own clock has it, not the phone's.
      const at = tap.steady === null ? tap.at : Number(tap.ticket.split(".")[0]) + tap.steady;
      const what = `${said[tap.form.kind]} ${clockOf(at)}`;
      const [text, small] = one.querySelector("[data-tap]").childNodes;
      text.textContent = tap.form.mode ? `${what}, ${said[tap.form.mode]}` : what;
      small.textContent = tap.refused ? said.refused : said.waits;
      return one;
    }));
    list.hidden = !taps.length;
    card.querySelectorAll("[name=idempotency_key]").forEach((field) => { field.value = random(); });
    return card;
  };
  const mine = async () => (await keptTaps()).filter((tap) => tap.account === account);
  const show = async () => document.getElementById("presence-card").replaceWith(cardOf(await mine()));
  const later = () => {
    navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("taps")).catch(() => {});
  };

  const tried = async (address, options) => {
    const limit = new Promise((_done, failed) => { setTimeout(failed, 25_000, new Error("no answer")); });
    const answer = await Promise.race([ask(address, { ...options, once: true }), limit]);
    if (answer.status >= 500) throw new Error("not now");
    return answer;
  };
  window.fetch = async (address, options = {}) => {
    const { pathname } = new URL(address, location.href);
    if (!waits || options.method?.toUpperCase() !== "POST" || !MARK.test(pathname) || !options.body?.get) {
      return ask(address, options);
    }
    const tap = tapOf(pathname, options.body);
    const kept = keepTap({ ...tap, sent: Date.now() }).then(() => true, () => false);
    try {
      const answer = await tried(address, options);
      if (await kept) await dropTap(tap.key);
      return answer;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (!await kept) return ask(address, options);
      await keepTap({ ...tap, sent: 0 });
      later();
      const headers = { "Content-Type": "text/html; charset=utf-8" };
      return new Response(cardOf(await mine()).outerHTML, { headers });
    }
  };
  // Where nothing else sends a form: the card of what waits, and a page without network whose htmx did not come.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const alone = form.closest("[data-words]") || (!window.htmx && (saved || !navigator.onLine));
    if (!waits || !alone || !MARK.test(form.getAttribute("action"))) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    if (event.submitter?.name) body.set(event.submitter.name, event.submitter.value);
    const headers = { "HX-Request": "true" };
    const answer = await window.fetch(form.getAttribute("action"), { method: "POST", body, headers });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const card = page.getElementById("presence-card");
    if (card?.dataset.words) show();
    else location.assign("/");
  });

  // A network is not the server: behind a router without internet the kept page would only load itself again.
  const answers = () => ask("/", { method: "HEAD" }).then((answer) => answer.status < 500, () => false);
  // Elsewhere than on Hari ini somebody may be typing: what was said of it stands on the next page.
  let sending = false;
  const deliver = async () => {
    if (sending || !account) return;
    sending = true;
    const { onward, signIn } = await sendTaps(ask, account, load).catch(() => later() ?? {});
    sending = false;
    // The worker may have sent them, too.
    const stale = (saved && await answers()) || document.querySelector("#presence-card [data-tap]");
    const next = signIn ? "/login" : onward ?? (stale && !(await mine()).length ? "/" : null);
    if (next && waits) location.assign(next);
  };

  // The last Hari ini stays readable, for the account that is signed in, and goes with it.
  const PAGE = "staffhub-page";
  const forget = () => self.caches?.delete(PAGE);
  const save = async () => {
    if (!self.caches || !waits || saved || location.pathname !== "/") return;
    const copy = document.documentElement.cloneNode(true);
    copy.dataset.saved = Date.now();
    copy.querySelector("#toasts")?.replaceChildren();
    copy.querySelectorAll("[role=status]:not(#toasts), [aria-busy]").forEach((one) => {
      if (one.hasAttribute("aria-busy")) one.removeAttribute("aria-busy"); else one.remove();
    });
    const page = new Response(`<!DOCTYPE html>${copy.outerHTML}`, { headers: { "X-Account": account } });
    await (await caches.open(PAGE)).put("/", page);
  };
  const begin = async () => {
    const signIn = document.querySelector("[data-taps-wait]");
    if (signIn) {
      forget();
      signIn.hidden = !(await keptTaps()).length;
    }
    if (!account) return;
    for (const tap of await keptTaps()) if (tap.account !== account) await dropTap(tap.key);
    const kept = await (await self.caches?.open(PAGE))?.match("/");
    if (kept && kept.headers.get("X-Account") !== account) await forget();
    navigator.serviceWorker?.register("/sw.js").catch(() => {});
    if (waits && saved) {
      document.querySelectorAll("[name=idempotency_key]").forEach((field) => { field.value = random(); });
      const here = new Date(Date.now() + 60_000 * waits.dataset.offset).toISOString();
      document.querySelectorAll("[data-now]").forEach((clock) => { clock.dataset.now = here; });
      const note = document.getElementById("offline").content.firstElementChild.cloneNode(true);
      const day = new Date(saved + 60_000 * waits.dataset.offset);
      const words = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" };
      const when = `${clockOf(saved)}, ${day.toLocaleDateString(document.documentElement.lang, words)}`;
      note.className = "note warn";
      note.querySelector("p").textContent = waits.dataset.saved.replace("{}", when);
      document.getElementById("isi").prepend(note);
    }
    if (waits && ((await mine()).length || (saved && dayOf(saved) !== dayOf(Date.now())))) await show();
    await deliver();
    const card = document.getElementById("presence-card");
    if (card) new MutationObserver(save).observe(card.parentElement, { childList: true });
    save();
  };
  begin();
  window.addEventListener("online", deliver);
  navigator.serviceWorker?.addEventListener("message", deliver);
  document.addEventListener("visibilitychange", () => document.hidden || deliver());
  setInterval(deliver, 30_000);

  // Nothing stays behind on a phone that others use; whoever leaves taps behind is asked first.
  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("action") !== "/logout") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const leave = async () => {
      const number = (await mine()).length;
      if (number && !window.confirm(document.body.dataset.leaves.replace("{}", number))) return;
      const sent = { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams(new FormData(form)) };
      // Without an answer nobody is signed out, so nothing goes.
      const answer = await tried(form.getAttribute("action"), sent).catch(() => null);
      if (!answer) {
        window.alert(document.body.dataset.stays);
        return;
      }
      for (const tap of await keptTaps()) await dropTap(tap.key);
      await forget();
      location.assign(answer.headers.get("HX-Redirect") ?? "/login");
    };
    leave().catch(() => form.submit());
  }, true);
}
