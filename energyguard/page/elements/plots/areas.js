// Areas of a country by shade, each leading to what it shows; hatched: nothing is shown of it.
// Ground: {width, height, areas: {id: {d, x, y, room}}}
// Data: {areas: [{id, name, about, href, shade}]}; shade 0 to 4, or null where nothing is shown
import { node } from "./svg.js";

const LABEL = 13; // px that two letters need to each side
const TOUCH = 22;

export function areas(svg, { areas: shown }, { width, height, ground }) {
  const { width: wide, height: high, areas: outline } = ground;
  const size = Math.min(width / wide, height / high);
  const left = (width - wide * size) / 2;
  const place = (at) => [left + at.x * size, at.y * size];
  svg.append(hatch());
  const names = node("g", { class: "area-names", "aria-hidden": "true" });
  const small = (area) => outline[area.id].room * size < TOUCH;
  // The small ones last, so that a finger finds them before the large one around them.
  for (const area of [...shown].sort((a, b) => outline[b.id].room - outline[a.id].room)) {
    const at = outline[area.id];
    const [x, y] = place(at);
    const look = area.shade === null ? "area blank" : `area a${area.shade}`;
    const shape = node("path", { class: look, d: at.d, transform: `translate(${left} 0) scale(${size})`, "fill-rule": "evenodd" });
    if (area.shade === null) shape.setAttribute("fill", "url(#not-shown)");
    const into = area.href ? node("a", { href: area.href, "aria-label": area.about }) : node("g", { role: "img", "aria-label": area.about });
    into.append(node("title", {}, area.about), shape);
    if (area.href && small(area)) into.append(node("circle", { class: "touch", cx: x, cy: y, r: TOUCH }));
    svg.append(into);
    if (at.room * size >= LABEL || area.shade !== null) names.append(node("text", { class: "area-name", x, y: at.room * size >= LABEL ? y + 4 : y - at.room * size - 5 }, area.id.slice(3)));
  }
  svg.append(names);
  return high * size;
}

function hatch() {
  const lines = node("pattern", { id: "not-shown", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  lines.append(node("rect", { class: "hatch-ground", width: 6, height: 6 }), node("line", { class: "hatch", y2: 6 }));
  const found = node("defs");
  found.append(lines);
  return found;
}
