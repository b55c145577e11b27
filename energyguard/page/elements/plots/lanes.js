// A lane for each device, a bar for each stretch of time in a state; grey is unknown.
// Data: {from, to, zone, lanes: [{name, href, bars: [{from, to, state, quiet, about, href}]}]}
import { clock, DAY, HOUR_MINUTE, node, PHONE, scale, timeSteps } from "./svg.js";

// What a finger or a pointer may hit: at least 24 px wide, as high as the row.
const touch = (x, y, width, height) => node("rect", { class: "touch", x: x - 10, y, width: Math.max(24, width), height });

export function lanes(svg, { from, to, zone, lanes: rows }, { width }) {
  const ROW = width < PHONE ? 44 : 28;
  const TALL = width < PHONE ? 28 : 16;
  const pad = (ROW - TALL) / 2 - 2;
  const LEFT = Math.min(width / 3, 24 + 7.5 * Math.max(4, ...rows.map((row) => row.name.length)));
  const x = scale(from, to, LEFT, width);
  const say = clock(zone, { ...DAY, ...HOUR_MINUTE });
  rows.forEach((row, r) => {
    const top = r * ROW + pad;
    svg.append(
      node("a", { href: row.href }, touch(0, r * ROW, LEFT, ROW), node("text", { class: "name", x: 0, y: top + TALL / 2 + 5 }, row.name)),
      node("rect", { class: "lane", x: LEFT, y: top, width: width - LEFT, height: TALL, rx: 4 }),
    );
    for (const bar of row.bars) {
      const start = Math.max(LEFT, x(bar.from));
      const shape = node("rect", { class: `${bar.state}${bar.quiet ? " quiet" : ""}`, x: start, y: top, width: Math.max(4, Math.min(width, x(bar.to)) - start), height: TALL, rx: 4 });
      const about = `${bar.about}, ${say(bar.from)}–${say(bar.to)}`;
      svg.append(node("a", { href: bar.href, "aria-label": about }, node("title", {}, about), touch(start, r * ROW, 0, ROW), shape));
    }
  });
  const { ticks, days } = timeSteps(from, to, Math.max(2, Math.floor((width - LEFT) / 110)));
  const name = clock(zone, days ? DAY : HOUR_MINUTE);
  for (const t of ticks) {
    const at = x(t);
    if (at > LEFT + 14 && at < width - 18) svg.append(node("text", { x: at, y: rows.length * ROW + 12, "text-anchor": "middle" }, name(t)));
  }
  return rows.length * ROW + 18;
}
