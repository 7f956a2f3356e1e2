// Synthetic report data that obeys the contract of sim/report/web/report.js: two models, seven contexts, 50,000 points,
// and names that would break a careless page. Always the same bytes. `node make_fixture.mjs` prints the JSON.

import { fileURLToPath } from 'node:url';

export const HOSTILE = '</script><b>Llama" & {{data}} $& <!--<script> <img src=x onerror=alert(1)>';
export const POINTS = 50000;
const CONTEXTS = [64000, 128000, 256000, 512000, 1000000, 2000000, 4000000];
const CATEGORIES = ['attention', 'gemm', 'moe', 'communication_exposed', 'other'];
const BASELINE = ['tp', 'dp'];

// Rough decode costs: enough to give the curves their real shape, not a model of anything.
const MODELS = [
  {
    name: 'deepseek-r1',
    title: 'DeepSeek-R1 671B',
    layers: 61,
    heads: 1,
    kvBytes: 288,
    attentionBytes: 9e7,
    expertBytes: 5.4e9,
    experts: 256,
    active: 8,
  },
  {
    name: HOSTILE,
    title: HOSTILE,
    layers: 126,
    heads: 8,
    kvBytes: 1024,
    attentionBytes: 2.8e8,
    expertBytes: 1.3e9,
    experts: 1,
    active: 1,
  },
];

const BANDWIDTH = 6.8e12;
const LINK = 7.2e11;
const MEMORY = 171e9;

function powers(limit) {
  const values = [];
  for (let value = 1; value <= limit; value *= 2) values.push(value);
  return values;
}

function layoutsOf(model) {
  const layouts = [];
  const add = (strategy, tpa, kvp, dp, tpf, ep, pp) => {
    const gpus = tpa * kvp * dp * pp;
    if (gpus <= 64) layouts.push([strategy, tpa, kvp, dp, tpf, ep, pp, gpus]);
  };
  const splits = (n) => (model.experts > 1 ? powers(n).map((ep) => [n / ep, ep]) : [[n, 1]]);
  for (const n of powers(64)) {
    for (const pp of powers(64 / n)) {
      for (const [tpf, ep] of splits(n)) {
        add('tp', n, 1, 1, tpf, ep, pp);
        for (const dp of powers(n)) if (dp > 1) add('dp', n / dp, 1, dp, tpf, ep, pp);
        for (const tpa of powers(Math.min(n, model.heads))) add('helix', tpa, n / tpa, 1, tpf, ep, pp);
      }
      for (const tpa of powers(Math.min(n, model.heads))) add('medha', tpa, n / tpa, 1, tpa, 1, pp);
    }
  }
  return layouts;
}

// Times in microseconds of the parts of one step, or null where it does not fit.
function simulate(model, context, [strategy, tpa, kvp, dp, tpf, ep, pp], batch, chunks) {
  if (batch % dp) return null;
  const held = batch / dp;
  const heads = Math.max(1, model.heads / tpa) / model.heads;
  const kvLayer = (context * model.kvBytes * heads) / kvp;
  const ffnLayer = model.expertBytes / (tpf * ep);
  const layers = Math.ceil(model.layers / pp);
  const memory = layers * (kvLayer * held * pp + ffnLayer + model.attentionBytes / tpa);
  if (memory > MEMORY) return null;
  const touched = model.experts > 1 ? 1 - (1 - model.active / model.experts) ** batch : 1;
  const us = (bytes, bandwidth) => (1e6 * bytes) / bandwidth;
  const attention = 4 + us(held * kvLayer, BANDWIDTH);
  const gemm = 7.5 + us(model.attentionBytes / tpa, BANDWIDTH) + 0.01 * held;
  const moe = 7.5 + us(ffnLayer * touched, BANDWIDTH) + (0.6 * batch) / (tpf * ep);
  const exchange = kvp > 1 ? 2 + us(held * 4e5, LINK) : 0;
  const hidden = chunks > 1 && strategy === 'helix' ? (exchange * (chunks - 1)) / chunks : 0;
  const reduces = (tpa * kvp * dp > 1 ? 16 : 0) + us(batch * 3e4, LINK);
  const parts = [attention, gemm, moe, exchange - hidden + reduces, 5 + 0.002 * batch].map(
    (time) => time * layers * pp,
  );
  return { parts, hidden: hidden * layers * pp, memory };
}

function batchesUpTo(limit) {
  const batches = [];
  for (let batch = 1; batch <= limit; batch += Math.max(1, Math.floor(batch / 12))) batches.push(batch);
  return [...new Set([...batches, ...powers(limit)])].sort((a, b) => a - b);
}

function everyPoint(model, context, layouts) {
  const points = [];
  let infeasible = 0;
  for (const [layout, widths] of layouts.entries()) {
    for (const batch of batchesUpTo(4096)) {
      const chunkings = widths[0] === 'helix' && widths[2] > 1 ? [0, Math.min(4, batch)] : [0];
      for (const chunks of chunkings) {
        const step = simulate(model, context, widths, batch, chunks === 1 ? 0 : chunks);
        if (!step) {
          infeasible += 1;
          continue;
        }
        const ttl = Number(step.parts.reduce((sum, time) => sum + time, 0).toFixed(3));
        const requests = batch * widths[6];
        points.push({
          layout,
          batch,
          chunks: chunks === 1 ? 0 : chunks,
          ttl,
          requests,
          memory: step.memory,
          parts: step.parts,
          hidden: step.hidden,
          strategy: widths[0],
          x: 1e6 / ttl,
          y: requests / (ttl * 1e-6 * widths[7]),
        });
      }
    }
  }
  return { points, infeasible };
}

// No other point is at least as good on both axes and better on one; by falling interactivity.
export function paretoFrontier(points) {
  const frontier = [];
  for (const point of [...points].sort((a, b) => b.x - a.x || b.y - a.y)) {
    const last = frontier[frontier.length - 1];
    if (!last || point.y > last.y) frontier.push(point);
  }
  return frontier;
}

function permilleOf(point) {
  const shares = point.parts.map((time) => Math.round((1000 * time) / point.ttl));
  shares[0] += 1000 - shares.reduce((sum, share) => sum + share, 0);
  return shares;
}

function makeView(model, context, room) {
  const layouts = layoutsOf(model);
  const { points, infeasible } = everyPoint(model, context, layouts);
  const strategies = [...new Set(layouts.map(([strategy]) => strategy))];
  const groups = Object.fromEntries(
    strategies.map((name) => [name, points.filter((point) => point.strategy === name)]),
  );
  groups.baseline = points.filter((point) => BASELINE.includes(point.strategy));
  groups.overall = points;
  const frontiers = Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, paretoFrontier(group)]));

  const kept = new Set(Object.values(frontiers).flat());
  const stride = points.length / Math.max(1, room - kept.size);
  for (let k = 0; kept.size < Math.min(room, points.length) && k < points.length; k += 1)
    kept.add(points[Math.floor(k * stride) % points.length]);
  for (const point of points) if (kept.size < Math.min(room, points.length)) kept.add(point);
  const shown = points.filter((point) => kept.has(point));
  const place = new Map(shown.map((point, index) => [point, index]));
  const best = (axis) => (groups.baseline.length ? Math.max(...frontiers.baseline.map((point) => point[axis])) : null);
  return {
    run: '',
    model: model.name,
    model_title: model.title,
    context_tokens: context,
    baseline: { strategies: BASELINE, interactivity_max: best('x'), throughput_max: best('y') },
    counts: { simulated: points.length, infeasible, invalid: 100 + layouts.length, shown: shown.length },
    layouts,
    points: {
      layout: shown.map((point) => point.layout),
      batch: shown.map((point) => point.batch),
      chunks: shown.map((point) => point.chunks),
      ttl_us: shown.map((point) => point.ttl),
      memory_gb: shown.map((point) => Number((point.memory / 1e9).toFixed(3))),
      requests: shown.map((point) => point.requests),
      permille: shown.flatMap(permilleOf),
      hidden_permille: shown.map((point) => Math.round((1000 * point.hidden) / point.ttl)),
    },
    frontier: Object.fromEntries(
      Object.entries(frontiers).map(([name, frontier]) => [name, frontier.map((point) => place.get(point))]),
    ),
    // One model as of a fidelity that knows its errors.
    ...(model.name === 'deepseek-r1' && {
      frontier_error: Object.fromEntries(
        Object.entries(frontiers).map(([name, frontier]) => [
          name,
          {
            log_sd: frontier.map((point, at) => 0.05 + 0.01 * (at % 5)),
            unsure: frontier.map((point, at) => at).filter((at) => at % 3 === 1),
            fast_ratio_log_sd: 0.06,
            dense_ratio_log_sd: 0.04,
          },
        ]),
      ),
    }),
  };
}

function makeClaims() {
  const claim = (text, model, published, ours, band, verdict, where) => ({
    name: text.toLowerCase().replaceAll(' ', '_'),
    text,
    model,
    context_tokens: 1000000,
    published,
    ours,
    band,
    verdict,
    where,
    source: 'Bhatia et al. 2025, figure 5',
  });
  return [
    claim(
      'Largest interactivity, Helix over baseline',
      'deepseek-r1',
      '1.5',
      '1.54',
      '1.35 to 1.7',
      'pass',
      'helix tpa 1 kvp 64 dp 1 tpf 8 ep 8 pp 1 batch 1, hop_b off',
    ),
    claim(
      'Effective batch at the fastest baseline TTL',
      'deepseek-r1',
      '32',
      '37',
      '16 to 48',
      'pass',
      'helix tpa 1 kvp 32 dp 1 tpf 4 ep 8 pp 1 batch 37',
    ),
    claim(
      'Throughput loss with HOP-B off',
      HOSTILE,
      '12 %',
      '7.9 %',
      '10 % to 14 %',
      'fail',
      'batch 8 of the helix frontier',
    ),
    claim('Largest throughput, Helix over Medha', HOSTILE, 'not given', '3.1', null, 'reported', ''),
  ];
}

function sumCounts(views) {
  const sum = (name) => views.reduce((total, view) => total + view.counts[name], 0);
  const weights = Math.floor(sum('infeasible') / 5);
  return {
    simulated: sum('simulated'),
    infeasible: sum('infeasible'),
    invalid: sum('invalid'),
    infeasible_by_reason: { kv_cache: sum('infeasible') - weights, weights },
  };
}

export function makeFixture() {
  const cells = MODELS.flatMap((model) => CONTEXTS.map((context) => [model, context]));
  const views = [];
  let room = POINTS;
  for (let index = cells.length - 1; index >= 0; index -= 1) {
    // the smallest first: what they leave goes to the others
    const view = makeView(...cells[index], Math.floor(room / (index + 1)));
    views.unshift(view);
    room -= view.counts.shown;
  }
  return {
    format: 'helixsim/report/1',
    tool: 'helixsim 0.1.0',
    title: 'Helix Pareto study </title>',
    system: 'GB200 NVL72',
    fidelity: 'paper',
    categories: CATEGORIES,
    strategies: [
      { name: 'tp', summary: 'heads and FFN split over the same ranks' },
      { name: 'dp', summary: 'attention groups with their own requests, shared experts' },
      { name: 'medha', summary: 'KV sharded over the sequence, FFN on TPA ranks only' },
      { name: 'helix', summary: 'KVP x TPA for attention, TPF x EP for the FFN, same ranks' },
    ],
    counts: sumCounts(views),
    views,
    claims: makeClaims(),
    assumptions: [
      'Weights, KV cache and attention arithmetic in FP4, activations in BF16.',
      'Fixed times of operations are a calibration, not a prediction.',
      'The baseline is the best of TP and DP, all integer batches, at most 64 GPUs.',
    ],
    warnings: [
      'Sequence lengths above 131,072 lie outside the measured range.',
      'A name with <i>markup</i> in it: ' + HOSTILE,
    ],
  };
}

// Two runs over the same model and context, a context where nothing fits, no baseline, no claims.
export function makeOverlayFixture() {
  const fixture = makeFixture();
  const [first] = fixture.views.filter((view) => view.model === 'deepseek-r1' && view.context_tokens === 1000000);
  const slower = structuredClone(first);
  slower.points.ttl_us = slower.points.ttl_us.map((ttl) => ttl * 1.25);
  const nothing = {
    ...structuredClone(first),
    run: 'nvl72',
    context_tokens: 4000000,
    baseline: { strategies: BASELINE, interactivity_max: null, throughput_max: null },
    counts: { simulated: 0, infeasible: 12, invalid: 3, shown: 0 },
    layouts: [],
    frontier: {},
    points: {
      layout: [],
      batch: [],
      chunks: [],
      ttl_us: [],
      memory_gb: [],
      requests: [],
      permille: [],
      hidden_permille: [],
    },
  };
  const alone = structuredClone(first);
  Object.assign(alone, {
    run: 'nvl72',
    context_tokens: 2000000,
    baseline: nothing.baseline,
    frontier: { helix: first.frontier.helix, overall: first.frontier.helix },
  });
  const runs = ['nvl72', '<b>slow</b> links'];
  return {
    ...fixture,
    views: [{ ...first, run: runs[0] }, { ...slower, run: runs[1] }, alone, nothing],
    claims: [],
    assumptions: [],
    warnings: [],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(JSON.stringify(makeFixture()));
