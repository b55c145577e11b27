// Reads a chart's values: with a pointer or a tap the nearest one, with the arrow keys one by one.
import { node } from "./svg.js";

// Points are {x, y, words, href?}, from left to right; y may be a list (several dots), or null where
// nothing was measured; `href(x)` says where one leads: with a click, the second tap, or Enter.
// Gives the svg a `reader` that plot.js moves.
export function read(svg, points, { hint, width, left, top, bottom }) {
  if (!points.length) return;
  const mark = node("g", { visibility: "hidden", "pointer-events": "none" });
  const bar = node("line", { class: "cursor", y1: top, y2: bottom });
  mark.append(bar);
  svg.append(mark);
  let at = -1;
  const reader = {
    at: () => at,
    show(i) {
      at = Math.min(Math.max(i, 0), points.length - 1);
      const { x, y, words } = points[at];
      for (const end of ["x1", "x2"]) bar.setAttribute(end, x);
      const dots = [y].flat().filter((v) => v !== null).map((v) => node("circle", { class: "cursor-dot", cx: x, cy: v, r: 4.5 }));
      mark.replaceChildren(bar, ...dots);
      mark.setAttribute("visibility", "visible");
      hint.hidden = false;
      hint.textContent = words;
      const half = Math.min(hint.offsetWidth / 2, width / 2);
      hint.style.left = `${Math.min(Math.max(x, half), width - half)}px`;
      return words;
    },
    move: (by) => reader.show(at < 0 ? (by > 0 ? 0 : points.length - 1) : at + by),
    end: (last) => reader.show(last ? points.length - 1 : 0),
    open(left) {
      const to = points[at]?.href?.(left);
      if (to) location.assign(to);
    },
    hide() {
      at = -1;
      mark.setAttribute("visibility", "hidden");
      hint.hidden = true;
    },
  };
  svg.reader = reader;
  const leads = points.some((point) => point.href?.());
  if (leads) svg.classList.add("leads");
  let before = -1; // what was read when a finger came down: the first tap reads, the second one opens
  svg.onclick = (event) => {
    const left = event.clientX - svg.getBoundingClientRect().left;
    if (event.pointerType !== "touch" || before === at) reader.open(left);
  };
  svg.onpointermove = svg.onpointerdown = (event) => {
    if (event.type === "pointerdown") before = at;
    const from = event.clientX - svg.getBoundingClientRect().left;
    if (from < left) return reader.hide();
    reader.show(points.reduce((best, point, i) => (Math.abs(point.x - from) < Math.abs(points[best].x - from) ? i : best), 0));
  };
  svg.onpointerleave = (event) => {
    if (event.pointerType !== "touch") reader.hide(); // what was tapped stays
  };
}
