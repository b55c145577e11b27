// Answers for pages while there is no connection, with a page that says so. It keeps that page and
// what it is drawn with, and nothing else: no data, no page that somebody has seen, no log-in.
const KEPT = "energyguard-offline-2";
const OFFLINE = "/ui/offline.html";
const PARTS = ["/ui/tokens.css", "/ui/icon.svg", "/ui/offline.js"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll([OFFLINE, ...PARTS])));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  } else if (PARTS.includes(path)) {
    event.respondWith(fetch(request).catch(() => caches.match(path)));
  }
});
