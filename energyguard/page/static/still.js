// While the page's scripts are compiled, a picture of it as plain HTML is seen. It leaves in the
// frame in which the page itself is there; what was typed, pressed, or had the keyboard meanwhile
// is so in the page, too.
const PRESSED = "#still :is(button, summary, input[type=checkbox], input[type=radio])[id]";
let pressed = "", entered = "";
const pressEarly = (event) => (pressed = event.target.closest(PRESSED)?.id ?? "");
const enterEarly = (event) => {
  if (event.key === "Enter") entered = event.target.closest("#still input[id]")?.id ?? "";
};
addEventListener("click", pressEarly);
addEventListener("keydown", enterEarly);

// What was typed or chosen: [id of the field, its value].
const typed = () => [...document.querySelectorAll("#still :is(input, select, textarea)[id]")]
  .filter((field) => field.tagName === "SELECT"
    ? ![...field.options].every((one) => one.selected === one.defaultSelected)
    : field.value !== field.defaultValue)
  .map((field) => [field.id, field.value]);

new MutationObserver((_changes, observer) => {
  const focused = document.activeElement?.id, fields = typed();
  observer.disconnect();
  removeEventListener("click", pressEarly);
  removeEventListener("keydown", enterEarly);
  document.getElementById("still")?.remove();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const [id, value] of fields) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.value = value;
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
  if (pressed) document.getElementById(pressed)?.click();
  const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true });
  if (entered) document.getElementById(entered)?.dispatchEvent(enter);
}).observe(document, { subtree: true, attributeFilter: ["data-v-app"] }); // set when all is there
