// Keeps what a page is made with and the page that says that there is no network; the last Hari ini is kept by the page
// itself. Everything else goes to the server as if this were not here.
const FILES = `staffhub-files-${VERSION}`;
const PAGE = "staffhub-page";

self.addEventListener("install", (event) => event.waitUntil((async () => {
  await (await caches.open(FILES)).addAll(SHELL);
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith("staffhub-files-") && name !== FILES);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
})()));

// A page that was kept is shown under the same policy as any other.
const keptToday = async () => {
  const page = await (await caches.open(PAGE)).match("/");
  if (!page) return undefined;
  const headers = new Headers((await caches.match("/offline"))?.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  headers.set("content-type", "text/html; charset=utf-8");
  return new Response(await page.text(), { headers });
};
// What a proxy says while the server is down, and what the server says while its database is.
const isAway = (answer) => [502, 504].includes(answer.status) || answer.headers.get("X-Trouble") === "away";
const page = async (event) => {
  const isToday = new URL(event.request.url).pathname === "/";
  try {
    const answer = await event.preloadResponse ?? await fetch(event.request);
    return (isToday && isAway(answer) && await keptToday()) || answer;
  } catch {
    return (isToday && await keptToday()) || (await caches.match("/offline") ?? Response.error());
  }
};
const file = async (request) => {
  const ours = await caches.open(FILES);
  // Without network an older page does with the files of today.
  return await ours.match(request)
    ?? await fetch(request).catch(async () => await ours.match(request, { ignoreSearch: true }) ?? Response.error());
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});

// The network is back, the page may be closed: a sync that fails is tried again by the browser.
self.addEventListener("sync", (event) => {
  if (event.tag !== "taps") return;
  event.waitUntil((async () => {
    await sendTaps((address, options) => fetch(address, options), null, null);
    (await self.clients.matchAll()).forEach((page) => page.postMessage("sent"));
  })());
});
