// Before anything is drawn: the theme that was chosen. Then, for as long as the page is open:
// whether it still has its connection. What a page without one shows is of then, not of now.
const root = document.documentElement;
root.dataset.theme = localStorage.getItem("theme") ?? "";

const PATIENCE = 3; // looks, a second each
let missing = 0;
setInterval(() => {
  if (window.socket?.connected) {
    missing = 0;
    delete root.dataset.connection;
    return;
  }
  missing += 1;
  if (missing !== PATIENCE) return;
  root.dataset.connection = "lost";
  const since = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }).format(Date.now() - PATIENCE * 1000);
  for (const time of document.querySelectorAll(".chip .lost b")) time.textContent = since;
}, 1000);
