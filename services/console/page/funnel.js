// The pipelines, each with its stages: a bar is the share of its deals that reached the stage.
export default {
  props: { model: Object, pipeline: String },
  template: `
    <div class="funnels">
      <section v-for="one in shown" :key="one.name" class="funnel">
        <h3>
          <span class="funnel-name">{{ one.name }}</span>
          <span class="facts">
            <span><b>{{ one.deals_text }}</b> deals</span>
            <span><b>{{ one.won }}</b> won<template v-if="one.won_value"> ({{ one.won_value }})</template></span>
            <span><b>{{ one.lost }}</b> lost</span>
            <span><b>{{ one.open }}</b> open</span>
            <span>win rate <b>{{ one.win_rate }}</b></span>
          </span>
        </h3>
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" class="wide"><span class="unseen">Share of deals that reached it</span></th>
              <th scope="col" title="Deals that entered the stage, or passed it on the way to a later one">Reached</th>
              <th scope="col" title="Reached, of all deals of the pipeline">Of all</th>
              <th scope="col" title="Reached, of those that reached the stage before">From prev.</th>
              <th scope="col" title="Deals lost in the stage">Lost</th>
              <th scope="col" title="Deals open in the stage">Open</th>
              <th scope="col" title="Value of the deals open in the stage" class="roomy">Open value</th>
              <th scope="col" title="Median time in the stage; half of the visits were shorter" class="roomy">Median</th>
              <th scope="col" title="90th percentile of the time in the stage" class="roomy">p90</th>
            </tr>
          </thead>
          <tbody>
            <tr v-for="stage in one.stages" :key="stage.name" :class="{ result: stage.result, aside: !stage.defined }">
              <th scope="row" :title="stage.defined ? null : 'Not a stage of the pipeline as last defined'">{{ stage.name }}</th>
              <td class="wide"><div class="track"><div class="fill" :style="{ width: stage.share * 100 + '%' }"></div></div></td>
              <td class="strong" :title="stage.entered ? stage.entered + ' entered it' : null">{{ stage.reached }}</td>
              <td>{{ stage.from_start }}</td>
              <td>{{ stage.from_previous }}</td>
              <td>{{ stage.lost }}</td>
              <td>{{ stage.open }}</td>
              <td class="roomy">{{ stage.open_value }}</td>
              <td class="roomy">{{ stage.median_days }}</td>
              <td class="roomy">{{ stage.p90_days }}</td>
            </tr>
          </tbody>
        </table>
      </section>
    </div>`,
  computed: {
    shown() {
      const all = this.model?.pipelines ?? [];
      return this.pipeline ? all.filter((one) => one.name === this.pipeline) : all;
    },
  },
};
