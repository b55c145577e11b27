// A measured line, its limit (dashed), its usual range (a pale band); only what is outside is red.
// Several lines side by side are compared: each has a colour, and nothing is red.
import { read } from "./reader.js";
import { amount, clock, DAY, hatching, HOUR_MINUTE, LETTER, node, nothing, scale, steps, timeSteps } from "./svg.js";

const BOTTOM = 20;
const TOP = 22;
const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

export function spark(svg, { ys }, { width, height }) {
  if (ys.length < 2) return;
  const x = scale(0, ys.length - 1, 0, width);
  const low = Math.min(...ys);
  const high = Math.max(...ys);
  const y = high > low ? scale(low, high, height - 2, 2) : () => height / 2;
  svg.append(node("path", { class: "spark", d: path(ys.map((v, i) => [x(i), y(v)])) }));
}

// Data: {from, to, xs, ys, unit, zone, limit?, limitName?, below?, band?: {xs, low, high, raises?, since?}, gap?, near?,
//   none?, name?, more?: [{name, xs, ys}], now?}; `now`: the words at the line's end.
// `below`: less than the limit is red, not more; `raises`: what is above the band is red, from
// `since` on; `near`: the axis begins near what is drawn, not at zero.
export function line(svg, data, { width, height, hint }) {
  const { from, to, unit, zone, limit = null, band = null, below = false, near = false } = data;
  const inside = ({ xs, ys }) => xs.map((x, i) => [x, ys[i]]).filter(([x, y]) => x >= from && x <= to && y !== null);
  const lines = [data, ...(data.more ?? [])].map((one) => ({ name: one.name, seen: inside(one) }));
  const [{ seen }] = lines;
  const all = lines.flatMap((one) => one.seen);
  const usual = bandPieces(band, from, to);
  const tops = all.map(([, y]) => y).concat(usual.flat().map(([, , high]) => high));
  if (!all.length) return nothing(svg, width, data.none);
  const [low, high] = near ? around(all, usual.flat(), limit) : fromZero(all, Math.max(limit ?? 0, ...tops, 0));
  const marks = steps(low, high, Math.max(2, Math.round(height / 70)));
  const LEFT = 10 + LETTER * Math.max(...marks.map((v) => amount(v).length));
  const x = scale(from, to, LEFT, width - 4);
  const y = scale(low, high, height - BOTTOM, TOP);

  svg.append(node("text", { x: LEFT, y: 11 }, unit));
  for (const v of marks) {
    svg.append(node("line", { class: "rule", x1: LEFT, x2: width - 4, y1: y(v), y2: y(v) }), node("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, amount(v)));
  }
  const { ticks, days } = timeSteps(from, to, Math.max(2, Math.floor(width / 110)));
  const name = clock(zone, days ? DAY : HOUR_MINUTE);
  for (const t of ticks) {
    const at = x(t);
    if (at > LEFT + 14 && at < width - 18) svg.append(node("text", { x: at, y: height - 3, "text-anchor": "middle" }, name(t)));
  }
  for (const piece of usual) {
    const upper = piece.map(([t, , most]) => [x(t), y(Math.max(low, most))]);
    const lower = piece.map(([t, least]) => [x(t), y(Math.max(low, least))]).reverse();
    svg.append(node("path", { class: "usual", d: `${path(upper.concat(lower))}z` }));
  }
  if (limit !== null) {
    const clear = seen.length && seen.at(-1)[1] > limit ? 14 : -5; // on the side that is not drawn over
    svg.append(
      node("line", { class: "limit", x1: LEFT, x2: width - 4, y1: y(limit), y2: y(limit) }),
      node("text", { class: "limit-name", x: width - 6, y: y(limit) + clear }, data.limitName ?? `${amount(limit)} ${unit}`),
    );
  }
  const levels = lines.length > 1 ? [] : [limit !== null && (() => limit), band?.raises && stairs(usual, band.since ?? from)].filter(Boolean);
  lines.forEach((one, s) => {
    const look = lines.length > 1 ? ` c${s}` : "";
    for (const piece of pieces(one.seen, data.gap)) {
      if (piece.length === 1) svg.append(node("circle", { class: `lone${look}`, cx: x(piece[0][0]), cy: y(piece[0][1]), r: 2.5 }));
      for (const part of levels.flatMap((level) => beyond(piece, level, below ? -1 : 1).map((found) => ({ found, level })))) {
        const floor = part.found.map(([t, v]) => [x(t), y(part.level(t) ?? v)]).reverse();
        svg.append(node("path", { class: "beyond", fill: hatching(svg, "bad"), d: `${path(part.found.map(([t, v]) => [x(t), y(v)]).concat(floor))}z` }));
      }
      svg.append(node("path", { class: `measured${look}`, d: path(piece.map(([t, v]) => [x(t), y(v)])) }));
      for (const part of levels.flatMap((level) => beyond(piece, level, below ? -1 : 1))) {
        svg.append(node("path", { class: "above", d: path(part.map(([t, v]) => [x(t), y(v)])) }));
      }
    }
  });
  if (data.now && seen.length) end(svg, [x(seen.at(-1)[0]), y(seen.at(-1)[1])], data.now, width);
  const say = clock(zone, { ...DAY, ...HOUR_MINUTE, second: "2-digit" });
  read(svg, together(lines, { x, y, unit, say }), { hint, width, left: LEFT, top: TOP, bottom: height - BOTTOM });
}

// The end of the line, with its words beside it where there is room.
function end(svg, [left, top], words, width) {
  const far = left > width - LETTER * words.length - 24;
  svg.append(
    node("circle", { class: "now", cx: left, cy: top, r: 4.5 }),
    node("text", { class: "strong", x: far ? width - 4 : left + 9, y: top + (far ? -12 : 4), "text-anchor": far ? "end" : "start" }, words),
  );
}

// Every time that has a value, with the values of all lines then.
function together(lines, { x, y, unit, say }) {
  if (lines.length === 1) return lines[0].seen.map(([t, v]) => ({ x: x(t), y: y(v), words: `${amount(v, 4)} ${unit} · ${say(t)}` }));
  const values = lines.map((one) => new Map(one.seen));
  const times = [...new Set(lines.flatMap((one) => one.seen.map(([t]) => t)))].sort((a, b) => a - b);
  return times.map((t) => {
    const known = lines.map((one, s) => [one.name, values[s].get(t)]).filter(([, v]) => v !== undefined);
    return { x: x(t), y: known.map(([, v]) => y(v)), words: `${say(t)}: ${known.map(([name, v]) => `${name} ${amount(v, 4)} ${unit}`).join(" · ")}` };
  });
}

// A silence longer than `gap` ms is drawn as a hole, never as a straight line.
function pieces(points, gap) {
  const found = [];
  points.forEach((point, i) => {
    if (!i || (gap && point[0] - points[i - 1][0] > gap)) found.push([]);
    found.at(-1).push(point);
  });
  return found;
}

function fromZero(seen, highest) {
  const low = Math.min(0, ...seen.map(([, v]) => v));
  return [low, highest > low ? highest * 1.08 : 1]; // nothing but zeros have an axis of one
}

function around(seen, usual, limit) {
  const all = seen.map(([, v]) => v).concat(usual.flatMap(([, low, high]) => [low, high]), limit ?? []);
  const low = Math.min(...all);
  const high = Math.max(...all);
  const pad = (high - low || Math.abs(high) / 50 || 1) / 8;
  return [low - pad, high + pad];
}

// The band within the axis; a low border of null is where nothing is usual: a hole.
function bandPieces(band, from, to) {
  const found = [[]];
  band?.xs.forEach((t, i) => {
    const inside = (band.xs[i + 1] ?? t) >= from && (band.xs[i - 1] ?? t) <= to;
    if (band.low[i] === null) found.push([]);
    else if (inside) found.at(-1).push([Math.min(Math.max(t, from), to), band.low[i], band.high[i]]);
  });
  return found.filter((piece) => piece.length > 1);
}

// The upper border of the band at a time; null before `since`, and where there is none.
function stairs(usual, since) {
  return (t) => {
    const piece = t >= since && usual.find((points) => points[0][0] <= t && t <= points.at(-1)[0]);
    if (!piece) return null;
    const after = piece.findIndex(([at]) => at > t);
    return piece.at(after < 0 ? -1 : after - 1)[2];
  };
}

// The stretches beyond a level, cut where the line crosses it; side 1: above it, -1: below it.
function beyond(points, level, side) {
  const found = [];
  let part = null;
  let before = null;
  for (const [t, v] of points) {
    const at = level(t);
    const over = at === null ? -1 : side * (v - at);
    const share = before && over > 0 !== before.over > 0 ? before.over / (before.over - over) : null;
    const cross = share === null ? null : [before.t + share * (t - before.t), before.v + share * (v - before.v)];
    if (over > 0) {
      if (!part) found.push((part = cross ? [cross] : []));
      part.push([t, v]);
    } else if (part) {
      if (cross) part.push(cross);
      part = null;
    }
    before = { t, v, over };
  }
  return found;
}
