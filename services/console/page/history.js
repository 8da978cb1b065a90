// The history of a deal: each event with both clocks, and where the deal stood after it.
export default {
  props: { model: Object },
  template: `
    <div class="history" v-if="model">
      <dl v-if="model.now" class="standing">
        <div v-for="fact in facts" :key="fact[0]"><dt>{{ fact[0] }}</dt><dd>{{ fact[1] }}</dd></div>
      </dl>
      <div class="scroll" tabindex="0" role="region" aria-label="Events of the deal, oldest first">
      <table>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Happened (UTC)</th>
            <th scope="col">Recorded (UTC)</th>
            <th scope="col">Event</th>
            <th scope="col">Rep</th>
            <th scope="col">Stage after</th>
            <th scope="col">Status after</th>
            <th scope="col">Amount after</th>
          </tr>
        </thead>
        <tbody>
          <template v-for="step in model.steps" :key="step.number">
            <tr :class="[step.standing, step.tone]">
              <td>{{ step.number }}</td>
              <td>{{ step.time }}</td>
              <td>{{ step.recorded }}</td>
              <td class="event">
                <button type="button" class="name" :aria-expanded="opened === step.number" :title="step.type" @click="opened = opened === step.number ? 0 : step.number">
                  <span class="dot" :data-family="step.family" aria-hidden="true"></span>{{ step.label }}
                </button>
                <span class="detail">{{ step.detail }}</span>
                <span v-if="step.standing !== 'live'" class="tag" :title="step.amended ? 'amended ' + step.amended + ' UTC' : null">{{ step.standing }}</span>
              </td>
              <td>{{ step.actor }}</td>
              <td :class="{ changed: step.changed.stage }">{{ step.state.stage }}</td>
              <td :class="{ changed: step.changed.status }">{{ step.state.status }}</td>
              <td :class="['num', { changed: step.changed.amount }]">{{ step.state.amount }}</td>
            </tr>
            <tr v-if="opened === step.number" class="payload">
              <td></td>
              <td colspan="7"><div class="muted">{{ step.type }} · {{ step.named }}</div><pre>{{ step.payload }}</pre></td>
            </tr>
          </template>
        </tbody>
      </table>
      </div>
    </div>`,
  data() {
    return { opened: 0 };
  },
  computed: {
    facts() {
      const now = this.model.now;
      return [
        ["Status", now.status],
        ["Stage", now.stage],
        ["Amount", now.amount],
        ["Owner", now.owner],
        ["Account", now.account],
        ["Events", this.model.events],
      ].filter((fact) => fact[1]);
    },
  },
};
