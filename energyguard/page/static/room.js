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
