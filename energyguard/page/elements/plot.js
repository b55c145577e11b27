// One chart: redrawn when its data or its width changes, and never otherwise. What can be read is
// one stop of the keyboard; the arrow keys go along its values, which are read out.
import { drawChart } from "energyguard-plots";

const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font", "text-anchor", "visibility", "opacity"];
const MOVES = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1, PageDown: 10, PageUp: -10 };

export default {
  template: `<figure :class="['plot', { waiting: !drawn }]" :style="{ minHeight: drawn ? null : (height || 60) + 'px' }"
    :role="links ? 'group' : keys ? 'application' : 'img'" :aria-roledescription="keys ? chart : null" :tabindex="keys ? 0 : null"
    :aria-label="said || label" @keydown="press" @blur="leave"></figure>`,
  props: { kind: String, label: String, height: Number, start: Object, ground: Object, links: Boolean, keys: Boolean, none: String, chart: String },
  data: () => ({ said: "", drawn: false }),
  watch: {
    start(data) {
      this.show(data);
    },
  },
  mounted() {
    this.shown = this.start;
    this.spoken = Object.assign(document.createElement("div"), { className: "hidden-text" });
    this.spoken.setAttribute("aria-live", "polite");
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.$el);
  },
  beforeUnmount() {
    this.observer.disconnect();
  },
  methods: {
    show(data) {
      this.shown = data;
      this.draw();
    },
    say(label) {
      this.said = label;
    },
    // The new end of a line: points from the first of them on are replaced, old ones leave.
    push({ from, to, xs, ys }) {
      if (!this.shown) return;
      const keep = this.shown.xs.findIndex((x) => x >= xs[0]);
      const n = keep < 0 ? this.shown.xs.length : keep;
      const first = Math.max(0, this.shown.xs.findIndex((x) => x >= from));
      this.show({ ...this.shown, from, to, xs: this.shown.xs.slice(first, n).concat(xs), ys: this.shown.ys.slice(first, n).concat(ys) });
    },
    press(event) {
      if (!this.reader || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") return this.leave();
      if (event.key === "Enter") return this.reader.open?.();
      const edge = { Home: false, End: true }[event.key];
      const by = MOVES[event.key];
      if (by === undefined && edge === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.spoken.textContent = by ? this.reader.move(by) : this.reader.end(edge);
    },
    leave() {
      this.reader?.hide();
      if (this.spoken) this.spoken.textContent = "";
    },
    // As a picture: an image knows no page around it, so every element takes its look along.
    async save(name) {
      const svg = this.$el.querySelector("svg");
      const { width, height } = svg.getBoundingClientRect();
      const copy = svg.cloneNode(true);
      const from = svg.querySelectorAll("*");
      copy.querySelectorAll("*").forEach((to, i) => {
        const look = getComputedStyle(from[i]);
        for (const key of LOOKS) to.style.setProperty(key, look.getPropertyValue(key));
      });
      copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      copy.setAttribute("width", width);
      const picture = new Image();
      picture.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
      await picture.decode();
      const sheet = Object.assign(document.createElement("canvas"), { width: 2 * (width + 32), height: 2 * (height + 32) });
      const pen = sheet.getContext("2d");
      pen.fillStyle = getComputedStyle(this.$el.closest(".card") ?? document.body).backgroundColor;
      pen.fillRect(0, 0, sheet.width, sheet.height);
      pen.drawImage(picture, 32, 32, 2 * width, 2 * height);
      Object.assign(document.createElement("a"), { href: sheet.toDataURL("image/png"), download: `${name}.png` }).click();
    },
    draw() {
      const width = this.$el.clientWidth;
      if (!width || !this.shown) return;
      const { svg, hint } = drawChart(this, this.shown, width);
      const reading = this.reader?.at() ?? -1;
      this.reader = svg.reader;
      this.$el.replaceChildren(svg, hint, ...(this.keys ? [this.spoken] : []));
      if (reading >= 0) this.reader?.show(reading);
      this.drawn = true;
    },
  },
};
