// One chart: redrawn when its data or its width changes, and never otherwise.
import { PLOTS } from "energyguard-plots";

export default {
  template: `<figure :class="['plot', { waiting: !drawn }]" :style="{ minHeight: drawn ? null : (height || 60) + 'px' }" :role="links ? 'group' : 'img'" :aria-label="said || label"></figure>`,
  props: { kind: String, label: String, height: Number, start: Object, ground: Object, links: Boolean },
  data: () => ({ said: "", drawn: false }),
  watch: {
    start(data) {
      this.show(data);
    },
  },
  mounted() {
    this.shown = this.start;
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
    draw() {
      const width = this.$el.clientWidth;
      if (!width || !this.shown) return;
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const hint = Object.assign(document.createElement("div"), { className: "hint", hidden: true });
      const height = PLOTS[this.kind](svg, this.shown, { width, height: this.height, ground: this.ground, hint }) ?? this.height;
      svg.setAttribute("height", height);
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      if (!this.links) svg.setAttribute("aria-hidden", "true");
      this.$el.replaceChildren(svg, hint);
      this.drawn = true;
    },
  },
};
