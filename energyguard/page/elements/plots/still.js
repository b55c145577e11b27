// The charts of a page that is seen while its scripts are still being compiled. Their widths are
// known when its styles are there.
import { drawChart } from "./index.js";

const observer = new ResizeObserver((places) => {
  for (const { target } of places) {
    const width = target.clientWidth;
    if (!width || !target.dataset.plot) continue;
    const { start, ...made } = JSON.parse(target.dataset.plot);
    const { svg, hint } = drawChart(made, start, width);
    target.replaceChildren(svg, hint);
    target.classList.remove("waiting");
    target.style.minHeight = "";
  }
});
for (const plot of document.querySelectorAll("#still .plot")) observer.observe(plot);
