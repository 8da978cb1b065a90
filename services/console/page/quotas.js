// Reps against their quotas: a bar is what was reached, the mark what was expected by now. Of many
// reps as many of the best and the worst are shown as there is room for; the others on a click.
const ROW = 27.5; // pixels, as quotas.css has them
const ABOVE = 58;
const FEWEST = 5;
const STACKED = matchMedia("(max-width: 1180px)"); // as widths.css: height follows content there
const WHEN_STACKED = 13;

export default {
  props: { model: Object },
  emits: ["rep"],
  template: `
    <div><table class="quotas" v-if="model && model.company">
      <thead>
        <tr>
          <th scope="col">Rep</th>
          <th scope="col" class="wide legend"><span class="key-mark">{{ model.over ? "due" : "expected by now" }}</span></th>
          <th scope="col">Attained</th>
          <th scope="col" :title="model.over ? 'Actual less quota' : 'Actual less what a straight line through the period expects by now'">{{ model.over ? "Against quota" : "Against pace" }}</th>
        </tr>
      </thead>
      <tbody>
        <tr v-for="row in rows" :key="row.between ? 'between' : row.whole ? 'whole' : row.rep" :class="{ whole: row.whole }">
          <td v-if="row.between" colspan="4" class="between">
            <button type="button" class="plain" @click="open = !open" :aria-expanded="open">
              {{ open ? "Show best and worst only" : "… " + row.between + " more between" }}
            </button>
            <span v-if="open && model.left_out" class="muted">{{ model.left_out.toLocaleString("en") }} in the middle are not shown</span>
          </td>
          <template v-else>
            <th scope="row">
              <template v-if="row.whole">{{ row.rep }}</template>
              <button v-else type="button" class="name" :title="'Show only events of ' + row.rep" @click="$emit('rep', row.rep)">{{ row.rep }}</button>
            </th>
            <td class="wide" :title="row.title">
              <div class="track gauge" :style="{ '--full': model.full * 100 + '%' }">
                <div class="fill" :class="row.pace" :style="{ width: row.bar * 100 + '%' }"></div>
                <div class="mark" :style="{ left: row.mark * 100 + '%' }"></div>
                <div v-if="row.cut" class="cut" aria-hidden="true">»</div>
              </div>
              <span class="unseen">{{ row.title }}</span>
            </td>
            <td class="strong">{{ row.attainment }}</td>
            <td :class="['against', row.pace]">{{ row.against }}</td>
          </template>
        </tr>
      </tbody>
    </table></div>`,
  data() {
    return { open: false, room: 11 };
  },
  mounted() {
    this.observer = new ResizeObserver(([body]) => {
      const fitting = Math.floor((body.contentRect.height - ABOVE) / ROW);
      this.room = STACKED.matches ? WHEN_STACKED : Math.max(FEWEST, fitting);
    });
    this.observer.observe(this.$el.closest(".panel-body"));
  },
  unmounted() {
    this.observer.disconnect();
  },
  computed: {
    rows() {
      const whole = { ...this.model.company, whole: true };
      const reps = this.model.reps;
      if (reps.length <= this.room) return [whole, ...reps];
      const worst = Math.floor((this.room - 1) / 2);
      const best = this.room - 1 - worst;
      const between = (reps.length + this.model.left_out - best - worst).toLocaleString("en");
      if (this.open) return [whole, ...reps, { between }];
      return [whole, ...reps.slice(0, best), { between }, ...reps.slice(-worst)];
    },
  },
};
