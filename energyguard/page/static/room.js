// Before anything is drawn: the theme that was chosen, and how the person reads. Then, for as long as the page is open:
// whether it still has its connection. What a page without one shows is of then, not of now.
const root = document.documentElement;
root.dataset.theme = localStorage.getItem("theme") ?? "";
const { language, numbers, hours } = document.currentScript.dataset;
root.lang = language;
localStorage.setItem("language", language); // for the page that says that there is no connection
addEventListener("load", () => (root.lang = language)); // the framework writes its own
Object.assign(root.dataset, { numbers, hours });

// A page that says that there is no connection, where there is none.
if (window.isSecureContext && navigator.serviceWorker) {
  addEventListener("load", () => navigator.serviceWorker.register("/worker.js").catch(() => {}));
}

const PATIENCE = 3; // looks, a second each
const AT_FIRST = 12; // until it has had a connection
let patience = AT_FIRST;
let missing = 0;
setInterval(() => {
  if (window.socket?.connected) {
    missing = 0;
    patience = PATIENCE;
    delete root.dataset.connection;
    return;
  }
  missing += 1;
  if (missing !== patience) return;
  root.dataset.connection = "lost";
  const since = new Intl.DateTimeFormat(numbers, { timeStyle: "medium", hourCycle: hours === "12" ? "h12" : "h23" }).format(Date.now() - patience * 1000);
  for (const time of document.querySelectorAll(".chip .lost b")) time.textContent = since;
}, 1000);

// The clock of a simulation runs by itself: it is sent the time and how fast it runs, and again when
// it is off. Without a connection nothing would be sent, so it stands.
const clocks = new WeakMap();
const cycle = hours === "12" ? { hour: "numeric", hourCycle: "h12" } : { hour: "2-digit", hourCycle: "h23" };
setInterval(() => {
  for (const place of document.querySelectorAll(".running[data-speed]")) {
    const { at, speed, zone } = place.dataset;
    if (clocks.get(place)?.at !== at) clocks.set(place, { at, since: performance.now() });
    if (!Number(speed) || root.dataset.connection === "lost") continue;
    const time = Number(at) + ((performance.now() - clocks.get(place).since) / 1000) * speed;
    const words = new Intl.DateTimeFormat(numbers, { timeZone: zone, minute: "2-digit", second: "2-digit", ...cycle }).format(time);
    place.firstChild.data = words.replace("\u202f", "\u00a0"); // the text that the framework keeps
  }
}, 1000);
