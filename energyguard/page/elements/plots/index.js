// The charts, by name. Each draws into an <svg> of the width it gets, so letters keep their size,
// and takes every colour from the page's tokens through its classes.
import { areas } from "./areas.js";
import { bars } from "./bars.js";
import { heat } from "./heat.js";
import { hours } from "./hours.js";
import { lanes } from "./lanes.js";
import { line, spark } from "./line.js";
import { map } from "./map.js";
import { range } from "./range.js";
import { shares } from "./shares.js";

const PLOTS = { areas, bars, heat, hours, lanes, line, map, range, shares, spark };

// A chart as an <svg> and what its pointer says, of its kind and as wide as its place.
export function drawChart({ kind, height, ground, links, none }, data, width) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const hint = Object.assign(document.createElement("div"), { className: "hint", hidden: true });
  const drawn = PLOTS[kind](svg, { none, ...data }, { width, height, ground, hint }) ?? height;
  svg.setAttribute("height", drawn);
  svg.setAttribute("viewBox", `0 0 ${width} ${drawn}`);
  if (!links) svg.setAttribute("aria-hidden", "true");
  return { svg, hint };
}
