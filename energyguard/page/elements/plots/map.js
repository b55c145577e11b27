// Stations where they are, each a ring of its bays by state; a grid of degrees and a scale, and
// nothing from outside. Data: {places: [{name, href, latitude, longitude, about, parts: [[state, n]]}], none}
import { node } from "./svg.js";

const KM_PER_DEGREE = 111.2;
const EDGE = 26;

export function map(svg, { places, none }, { width, height }) {
  if (!places.length) {
    svg.append(node("text", { class: "none", x: width / 2, y: height / 2 }, none));
    return height;
  }
  const latitudes = places.map((p) => p.latitude), longitudes = places.map((p) => p.longitude);
  const middle = (list) => (Math.min(...list) + Math.max(...list)) / 2;
  const north = middle(latitudes), east = middle(longitudes);
  const narrow = Math.cos((north * Math.PI) / 180);
  const spread = (list) => Math.max(...list) - Math.min(...list);
  const perDegree = Math.min(
    (width - 2 * EDGE) / Math.max(spread(longitudes) * narrow, 0.01),
    (height - 2 * EDGE) / Math.max(spread(latitudes), 0.01),
  );
  const x = (longitude) => width / 2 + (longitude - east) * narrow * perDegree;
  const y = (latitude) => height / 2 - (latitude - north) * perDegree;
  grid(svg, { x, y, width, height, north, east, perDegree, narrow });
  const most = Math.max(...places.map(bays));
  for (const place of places) {
    const radius = 5 + 6 * Math.sqrt(bays(place) / most);
    const link = node("a", { href: place.href, "aria-label": place.about });
    link.append(node("title", {}, place.about));
    ring(link, place.parts, x(place.longitude), y(place.latitude), radius);
    svg.append(link);
  }
  return height;
}

const bays = (place) => place.parts.reduce((sum, [, n]) => sum + n, 0);

function ring(into, parts, cx, cy, radius) {
  into.append(node("circle", { class: "touch", cx, cy, r: 22 }), node("circle", { class: "ground", cx, cy, r: radius + 2 }));
  const all = parts.reduce((sum, [, n]) => sum + n, 0);
  let begin = -Math.PI / 2;
  for (const [state, n] of parts) {
    if (!n) continue;
    if (n === all) {
      into.append(node("circle", { class: `of ${state}`, cx, cy, r: radius }));
      return;
    }
    const end = begin + (2 * Math.PI * n) / all;
    const at = (angle) => `${cx + radius * Math.cos(angle)} ${cy + radius * Math.sin(angle)}`;
    const large = end - begin > Math.PI ? 1 : 0;
    into.append(node("path", { class: `of ${state}`, d: `M${cx} ${cy}L${at(begin)}A${radius} ${radius} 0 ${large} 1 ${at(end)}Z` }));
    begin = end;
  }
}

function step(span) {
  const power = 10 ** (Math.floor(Math.log10(span)) - 1);
  return [1, 2, 5, 10, 20, 50].map((n) => n * power).find((n) => span / n <= 5);
}

function grid(svg, { x, y, width, height, north, east, perDegree, narrow }) {
  const size = step(width / perDegree / narrow), digits = Math.max(0, -Math.floor(Math.log10(size)));
  const lines = (centre, half) => {
    const found = [];
    for (let at = Math.ceil((centre - half) / size) * size; at <= centre + half; at += size) found.push(at);
    return found;
  };
  for (const at of lines(east, width / 2 / perDegree / narrow)) {
    svg.append(node("line", { class: "rule", x1: x(at), x2: x(at), y1: 0, y2: height - 14 }));
    if (x(at) > 20 && x(at) < width - 20) svg.append(node("text", { x: x(at), y: height - 3, "text-anchor": "middle" }, `${at.toFixed(digits)}° E`));
  }
  for (const at of lines(north, (height - 14) / 2 / perDegree)) {
    svg.append(node("line", { class: "rule", x1: 0, x2: width, y1: y(at), y2: y(at) }));
    if (y(at) > 14 && y(at) < height - 24) svg.append(node("text", { x: 2, y: y(at) - 3 }, `${at.toFixed(digits)}° N`));
  }
  const km = step((width / perDegree) * KM_PER_DEGREE), long = (km / KM_PER_DEGREE) * perDegree;
  svg.append(
    node("path", { class: "scale", d: `M${width - long - 6} 12v5h${long}v-5` }),
    node("text", { x: width - long / 2 - 6, y: 12, "text-anchor": "middle" }, `${km} km`),
  );
}
