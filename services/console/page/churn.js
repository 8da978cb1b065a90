// Accounts with churn signals: idle days as a bar, the account's own rhythm as a mark in it.
export default {
  props: { model: Object },
  emits: ["account"],
  template: `
    <div class="churn" v-if="model">
      <div class="chips" role="group" aria-label="Only accounts for which a rule fired">
        <button v-for="rule in model.rules" :key="rule.name" type="button" class="chip" :aria-pressed="only === rule.name"
                @click="only = only === rule.name ? '' : rule.name">
          {{ rule.label }} <b>{{ rule.count }}</b>
        </button>
      </div>
      <ul class="accounts">
        <li v-for="row in shown" :key="row.account" class="account">
          <button type="button" class="name strong" :title="'Show only events of ' + row.account" @click="$emit('account', row.account)">{{ row.account }}</button>
          <span class="idle" :title="row.purchases + ' purchases, the last on ' + row.last">
            <b>{{ row.idle }}</b> idle
          </span>
          <span class="evidence">
            <template v-for="rule in row.rules" :key="rule.label"><span class="tag" :title="rule.evidence">{{ rule.label }}</span> <span :class="{ unseen: rule.drawn }">{{ rule.evidence }}</span> </template>
          </span>
          <span class="rhythm" :title="row.usual ? 'usually buys every ' + row.usual : 'too few purchases to know a rhythm'">
            <span class="track thin">
              <span class="fill idle-fill" :style="{ width: row.bar * 100 + '%' }"></span>
              <span v-if="row.mark !== null" class="mark" :style="{ left: row.mark * 100 + '%' }"></span>
            </span>
            <span class="muted">{{ row.usual ? "usually " + row.usual + (row.times ? " · " + row.times : "") : "rhythm unknown" }}</span>
          </span>
        </li>
        <li v-if="model.flagged > model.shown" class="more">… {{ (model.flagged - model.shown).toLocaleString("en") }} more accounts; ask <code>churn_signals</code> for all</li>
      </ul>
    </div>`,
  data() {
    return { only: "" };
  },
  computed: {
    shown() {
      return this.only ? this.model.rows.filter((row) => row.names.includes(this.only)) : this.model.rows;
    },
  },
};
