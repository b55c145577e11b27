// Keys: `/` searches, `g` and a letter goes somewhere, `j` and `k` move along a list, Enter opens,
// `a` acknowledges, `s` silences, `?` says so. Never while somebody types, never with Ctrl or Alt;
// and nothing changes without an answer in sight: `a` and `s` press the story's own buttons.
const GO = { h: "/", a: "/alerts", e: "/explore", s: "/sites", d: "/data" };
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable=true]");
const visible = (found) => found && found.getClientRects().length > 0;
const dialog = () => visible(document.querySelector(".q-dialog .card"));
const press = (name) => {
  const found = document.querySelector(`[data-key="${name}"]`);
  if (!visible(found)) return false;
  found.click();
  return true;
};

function along(step) {
  const rows = [...document.querySelectorAll(".rows a.about, [data-list] a.about")].filter(visible);
  if (!rows.length) return false;
  let at = rows.indexOf(document.activeElement);
  if (at < 0) at = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

let going = 0;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) || dialog()) return;
  const done = () => event.preventDefault();
  if (going && Date.now() - going < 1500 && GO[event.key]) {
    going = 0;
    done();
    location.assign(GO[event.key]);
    return;
  }
  going = 0;
  if (event.key === "g") going = Date.now();
  else if (event.key === "/") {
    const field = [...document.querySelectorAll("input[type=search]")].find(visible);
    if (field) { done(); field.focus(); field.select(); }
  } else if (event.key === "j" || event.key === "k") {
    if (along(event.key === "j" ? 1 : -1)) done();
  } else if (event.key === "a" || event.key === "s") {
    if (press(event.key)) done();
  } else if (event.key === "?") {
    if (press("?")) done();
  }
});

// A sheet goes with a swipe down: as Escape does.
let from = null;
document.addEventListener("touchstart", (event) => {
  const sheet = event.target.closest?.(".sheet-card");
  from = sheet && sheet.scrollTop <= 0 ? event.touches[0].clientY : null;
}, { passive: true });
document.addEventListener("touchend", (event) => {
  if (from === null) return;
  if (event.changedTouches[0].clientY - from > 70) document.querySelector(".sheet-card [data-close]")?.click();
  from = null;
}, { passive: true });
