// A lane for each device, a bar for each stretch of time in a state; grey is unknown.
// Data: {from, to, zone, lanes: [{name, href, bars: [{from, to, state, quiet, about, href}]}]}
import { clock, DAY, HOUR_MINUTE, node, scale, timeSteps } from "./svg.js";

const ROW = 28;

export function lanes(svg, { from, to, zone, lanes: rows }, { width }) {
  const LEFT = Math.min(width / 3, 24 + 7.5 * Math.max(4, ...rows.map((row) => row.name.length)));
  const x = scale(from, to, LEFT, width);
  const say = clock(zone, { ...DAY, ...HOUR_MINUTE });
  rows.forEach((row, r) => {
    const top = r * ROW + 4;
    svg.append(
      node("a", { href: row.href }, node("text", { class: "name", x: 0, y: top + 13 }, row.name)),
      node("rect", { class: "lane", x: LEFT, y: top, width: width - LEFT, height: 16, rx: 4 }),
    );
    for (const bar of row.bars) {
      const start = Math.max(LEFT, x(bar.from));
      const shape = node("rect", { class: `${bar.state}${bar.quiet ? " quiet" : ""}`, x: start, y: top, width: Math.max(4, Math.min(width, x(bar.to)) - start), height: 16, rx: 4 },
        node("title", {}, `${bar.about}, ${say(bar.from)} to ${say(bar.to)}`));
      svg.append(node("a", { href: bar.href, "aria-label": bar.about }, shape));
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
