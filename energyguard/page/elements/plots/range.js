// A value on one line: pale what is usual, dashed the limit, a dot now; red where it is beyond.
// Data: {now: number|null, low?, high?, limit?, top?, unit}
import { amount, node, scale } from "./svg.js";

export function range(svg, { now, low = null, high = null, limit = null, top = null, unit }, { width, height }) {
  const seen = [now, high, limit].filter((v) => v !== null);
  const end = top ?? (Math.max(0, ...seen) || 1) * 1.1;
  const x = scale(Math.min(0, now ?? 0, low ?? 0), end, 4, width - 6);
  const middle = height / 2;
  svg.append(node("line", { class: "track", x1: 4, x2: width - 6, y1: middle, y2: middle }));
  if (low !== null && high !== null) svg.append(node("rect", { class: "usual", x: x(low), y: middle - 6, width: Math.max(2, x(high) - x(low)), height: 12, rx: 3 }));
  if (limit !== null) svg.append(node("line", { class: "limit", x1: x(limit), x2: x(limit), y1: 2, y2: height - 2 }));
  if (now === null) return;
  const over = (high !== null && now > high) || (limit !== null && now > limit);
  if (over) svg.append(node("line", { class: "above", x1: x(Math.min(high ?? limit, now)), x2: x(now), y1: middle, y2: middle }));
  svg.append(node("circle", { class: over ? "now over" : "now", cx: x(now), cy: middle, r: 5 }), node("title", {}, `${amount(now)} ${unit}`));
}
