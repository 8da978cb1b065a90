// The lines of the feed, newest first. While it is paused, or the pointer rests on it, new lines
// are held back, so that nothing moves away from under a click.
const KEPT = 200;
const CALM = 3; // so many lines at once are shown to be new; more would only flicker

export default {
  emits: ["deal", "account", "actor"],
  template: `
    <div class="feed" :class="{ held: holding }">
      <div class="feed-bar">
        <button type="button" class="plain" :aria-pressed="paused" @click="pause">
          {{ paused ? "Resume" : "Pause" }}
        </button>
        <span class="muted" role="status">{{ heldText }}</span>
      </div>
      <ol class="feed-lines" tabindex="0" role="log" aria-live="off" aria-label="Activity, newest first"
          @mouseenter="pointed = true" @mouseleave="leave">
        <li v-if="loaded && !lines.length" class="empty">{{ empty }}</li>
        <li v-for="line in lines" :key="line.key" :class="line.more ? 'more' : ['line', line.tone, { fresh: line.fresh }]">
          <template v-if="line.more">… {{ line.more }} more</template>
          <template v-else>
            <span class="dot" :data-family="line.family" aria-hidden="true"></span>
            <span class="told"><span class="what">{{ line.label }}</span> <span class="detail">{{ line.detail }}</span></span>
            <span class="amount">{{ line.amount }}</span>
            <time class="when" :title="line.title">{{ line.time }}</time>
            <span class="who">
              <button v-if="line.actor" type="button" class="name" :title="'Show only ' + line.actor" @click="$emit('actor', line.actor)">{{ line.actor }}</button>
              <button v-if="line.account" type="button" class="name" :title="'Show only ' + line.account" @click="$emit('account', line.account)">{{ line.account }}</button>
              <button v-if="line.deal" type="button" class="name deal" :title="'Open the history of deal ' + line.deal" @click="$emit('deal', line.deal)">{{ line.deal }}</button>
            </span>
          </template>
        </li>
      </ol>
    </div>`,
  data() {
    return { lines: [], held: [], heldCount: 0, paused: false, pointed: false, loaded: false, empty: "" };
  },
  computed: {
    holding() {
      return this.paused || this.pointed;
    },
    heldText() {
      if (!this.holding) return "";
      const why = this.paused ? "Paused" : "Held while you point at it";
      return this.heldCount ? `${why} · ${this.heldCount.toLocaleString("en")} new` : why;
    },
  },
  methods: {
    show(lines, empty) {
      this.held = [];
      this.heldCount = 0;
      this.empty = empty;
      this.lines = [...lines].reverse();
      this.loaded = true;
    },
    add(lines, leftOut) {
      const fresh = lines.map((line) => ({ ...line, fresh: lines.length <= CALM })).reverse();
      if (leftOut) {
        fresh.push({ key: `more-${fresh.length ? fresh[fresh.length - 1].key : performance.now()}`, more: leftOut.toLocaleString("en") });
      }
      if (this.holding) {
        this.held = [...fresh, ...this.held].slice(0, KEPT);
        this.heldCount += lines.length + leftOut;
      } else {
        this.lines = [...fresh, ...this.lines].slice(0, KEPT);
      }
    },
    pause() {
      this.paused = !this.paused;
      this.release();
    },
    leave() {
      this.pointed = false;
      this.release();
    },
    release() {
      if (this.holding) return;
      this.lines = [...this.held, ...this.lines].slice(0, KEPT);
      this.held = [];
      this.heldCount = 0;
    },
  },
};
