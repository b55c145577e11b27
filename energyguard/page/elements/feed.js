// The newest readings as a table: rows are put on top, at most `most` stay; paused, they wait.
// The filter hides rows here, so that typing costs the server nothing.
export default {
  template: `
    <div class="feed">
      <div class="acts" style="margin-bottom:10px">
        <input class="field" type="search" v-model="text" :placeholder="words.filter" :aria-label="words.filter" style="flex:1">
        <button class="btn" type="button" :aria-pressed="String(paused)" @click="flip">{{ paused ? (waiting ? words.more.replace("{n}", waiting) : words.on) : words.pause }}</button>
      </div>
      <div class="scroll" tabindex="0" role="region" :aria-label="words.label">
        <table>
          <thead><tr><th v-for="(name, i) in words.columns" :class="i === 3 ? 'num' : null">{{ name }}</th></tr></thead>
          <tbody ref="body"></tbody>
        </table>
        <p v-if="empty" class="empty">{{ words.none }}</p>
      </div>
    </div>`,
  props: { most: Number, words: Object },
  data: () => ({ text: "", paused: false, waiting: 0, empty: true }),
  created() {
    this.queue = [];
  },
  watch: {
    text() {
      for (const row of this.$refs.body.rows) row.hidden = !this.fits(row.dataset.device);
    },
  },
  methods: {
    fits(device) {
      return device.toLowerCase().includes(this.text.trim().toLowerCase());
    },
    flip() {
      this.paused = !this.paused;
      if (!this.paused) this.put([]);
    },
    // Rows are [time, device, channel, value with unit, link], newest first.
    put(rows) {
      this.queue = rows.concat(this.queue).slice(0, this.most);
      this.waiting = this.paused ? this.queue.length : 0;
      if (this.paused) return;
      const fresh = document.createDocumentFragment();
      for (const [time, device, channel, value, href] of this.queue) {
        const row = document.createElement("tr");
        row.dataset.device = device;
        row.hidden = !this.fits(device);
        const link = Object.assign(document.createElement("a"), { href, textContent: device });
        const cells = [time, link, channel, value].map((content) => {
          const cell = document.createElement("td");
          cell.append(content);
          return cell;
        });
        cells[3].className = "num";
        row.append(...cells);
        fresh.append(row);
      }
      this.queue = [];
      this.empty = this.empty && !fresh.childElementCount;
      this.$refs.body.prepend(fresh);
      while (this.$refs.body.rows.length > this.most) this.$refs.body.lastElementChild.remove();
    },
  },
};
