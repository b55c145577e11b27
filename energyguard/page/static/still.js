// While the page's scripts are compiled, a picture of it as plain HTML is seen. It leaves in the
// frame in which the page itself is there; what was pressed, or had the keyboard, has it then, too.
let pressed = "";
const pressEarly = (event) => (pressed = event.target.closest("#still button[id]")?.id ?? "");
addEventListener("click", pressEarly);
new MutationObserver((_changes, observer) => {
  const focused = document.activeElement?.id;
  observer.disconnect();
  removeEventListener("click", pressEarly);
  document.getElementById("still")?.remove();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  if (pressed) document.getElementById(pressed)?.click();
}).observe(document, { subtree: true, attributeFilter: ["data-v-app"] }); // set when all is there
