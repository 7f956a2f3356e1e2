/*
 * Behaviour of the interactive report. Everything shown comes from the JSON in #report-data:
 *
 *   format, tool, title, system, fidelity
 *   categories  names of the parts of a TTL; their times add up to the TTL
 *   strategies  [{name, summary}] in order of drawing
 *   counts      {simulated, infeasible, invalid, infeasible_by_reason: {reason: n}, pruned (after sweep --prune)}
 *   views       one per run x model x context (runs overlay when several results are shown):
 *     run, model, model_title, context_tokens, counts {simulated, infeasible, invalid, shown}
 *     baseline  {strategies, interactivity_max, throughput_max}, the maxima may be null
 *     layouts   [[strategy, tpa, kvp, dp, tpf, ep, pp, gpus], ...]
 *     points    columns: layout (index), batch, chunks (0: HOP-B off), ttl_us, memory_gb, requests (in flight),
 *               permille (one integer per category and point, flattened), hidden_permille
 *     frontier  {strategy | "baseline" | "overall": [point, ...] by falling interactivity}
 *     frontier_error  where errors are known: {as frontier: {log_sd: [...] of ln(true TTL / TTL), unsure: [place, ...]
 *               whose order with a neighbour is within the error, fast_ratio_log_sd and dense_ratio_log_sd of the
 *               ratios of its ends to the baseline's, or null}}
 *   claims      [{name, text, model, context_tokens, published, ours, band, verdict, where, source}]
 *   assumptions, warnings   lists of sentences
 *
 * Names come from users' files: they reach the page through textContent only.
 */
(function () {
  'use strict';

  const FORMAT = 'helixsim/report/1';
  const STRATEGY_LABELS = {
    tp: 'TP',
    dp: 'DP',
    medha: 'Medha',
    helix: 'Helix',
    dcp: 'DCP',
    baseline: 'Baseline',
    overall: 'Overall',
  };
  const CATEGORY_LABELS = {
    attention: 'Attention',
    gemm: 'GEMM',
    moe: 'MoE',
    communication_exposed: 'Communication',
    other: 'Other',
  };
  const REASON_LABELS = { kv_cache: 'KV cache', weights: 'weights' };
  const HIDDEN_LABEL = 'Hidden communication';
  const OWN_COLOURS = ['tp', 'dp', 'medha', 'helix', 'baseline', 'overall'];
  const SPARE_COLOURS = ['series-1', 'series-2', 'series-3', 'series-4'];
  const SPARE_PART_COLOURS = ['part-1', 'part-2'];
  const SYMBOLS = { helix: 'circle', tp: 'rect', dp: 'triangle', medha: 'diamond' };
  const RUN_DASHES = ['solid', [7, 3], [2, 3], [10, 3, 2, 3]];
  const MOST_BARS = 24; // of intervals, on one frontier
  const LARGE_CLOUD = 8000; // above this ECharts draws a cloud as one path
  const NORMAL_95 = 1.6448536269514722; // intervals hold 90 %
  const UNSURE_OPACITY = 0.35; // of points whose order with a neighbour is within the error
  const BAR_PITCH = 8; // narrower bars get a scroll bar instead

  const CHOICES = {
    axes: [
      ['normalised', 'Normalised'],
      ['absolute', 'Absolute'],
    ],
    scale: [
      ['linear', 'Linear'],
      ['log', 'Log'],
    ],
    parts: [
      ['us', '\u00b5s per token'],
      ['percent', '% of TTL'],
    ],
  };

  const state = {
    model: null,
    context: null,
    axes: 'normalised',
    scale: 'linear',
    cloud: true,
    run: '',
    frontier: 'helix',
    point: 0,
    parts: 'us',
    hidden: new Set(), // legend names that are switched off
    zoom: null, // {x: [low, high], y: [low, high]} while zoomed in
    barStart: 0,
  };
  let report = null;
  let runs = [];
  let paretoChart = null;
  let breakdownChart = null;

  // ---- Small tools ----------------------------------------------------------------------------------------------

  const byId = (id) => document.getElementById(id);

  function element(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === 'class') node.className = value;
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function fill(node, ...children) {
    node.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  }

  function themeColour(name) {
    return getComputedStyle(document.documentElement)
      .getPropertyValue('--' + name)
      .trim();
  }

  const reducedMotion = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const list = (value) => (Array.isArray(value) ? value : []);
  const own = (table, key) => (Object.prototype.hasOwnProperty.call(table, key) ? table[key] : undefined);

  // ---- Words and numbers ----------------------------------------------------------------------------------------

  const grouped = new Intl.NumberFormat('en-US');

  // A measured value: 4 digits give 0.1230, 196.0, 12,345.
  function significant(value, digits) {
    if (!Number.isFinite(value)) return '\u2013';
    if (value === 0 || Math.abs(value) >= 10 ** digits) return grouped.format(Math.round(value));
    return value.toLocaleString('en-US', { minimumSignificantDigits: digits, maximumSignificantDigits: digits });
  }

  // A tick: at most so many digits.
  const tickLabel = (value, digits) =>
    Math.abs(value) >= 10 ** digits
      ? grouped.format(Math.round(value))
      : value.toLocaleString('en-US', { maximumSignificantDigits: digits });

  function fixed(value, decimals) {
    return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  }

  function contextLabel(tokens) {
    if (tokens >= 1e6 && tokens % 1e5 === 0) return tokens / 1e6 + 'M';
    const exact = [
      [1e3, 'k'],
      [1048576, 'Mi'],
      [1024, 'Ki'],
    ].find(([unit]) => tokens >= unit && tokens % unit === 0);
    if (exact) return tokens / exact[0] + exact[1];
    return grouped.format(tokens);
  }

  const strategyLabel = (name) => own(STRATEGY_LABELS, name) || name;
  const spaced = (name) => String(name).replaceAll('_', ' ');
  const categoryLabel = (name) => own(CATEGORY_LABELS, name) || spaced(name);
  const seriesName = (run, strategy) => (run ? run + ': ' : '') + strategyLabel(strategy);
  const ratio = (value) => fixed(value, value < 9.95 ? 2 : 1) + '\u00d7';

  function plural(count, one, many) {
    return grouped.format(count) + ' ' + (count === 1 ? one : many);
  }

  function joinWords(words) {
    return words.length < 2 ? words.join('') : words.slice(0, -1).join(', ') + ' and ' + words[words.length - 1];
  }

  function countsSentence(counts) {
    const reasons = Object.entries(counts.infeasible_by_reason || {})
      .filter(([, n]) => n > 0)
      .map(([reason, n]) => grouped.format(n) + ' ' + (own(REASON_LABELS, reason) || spaced(reason)));
    return (
      plural(counts.simulated, 'point', 'points') +
      ' simulated, ' +
      (counts.pruned === undefined ? '' : grouped.format(counts.pruned) + ' pruned, ') +
      grouped.format(counts.infeasible) +
      ' infeasible' +
      (reasons.length ? ' (' + reasons.join(', ') + ')' : '') +
      ', ' +
      grouped.format(counts.invalid) +
      ' invalid.'
    );
  }

  // ---- Reading the data -----------------------------------------------------------------------------------------

  const viewsOfModel = (model) => report.views.filter((view) => view.model === model);
  const currentViews = () => viewsOfModel(state.model).filter((view) => view.context_tokens === state.context);
  const contextsOfModel = (model) =>
    [...new Set(viewsOfModel(model).map((view) => view.context_tokens))].sort((a, b) => a - b);
  const modelNames = () => [...new Set(report.views.map((view) => view.model))];
  const frontierOf = (view, key) => (view ? list(own(view.frontier || {}, key)) : []);
  const pointCount = (view) => list(view.points && view.points.ttl_us).length;

  function modelTitle(model) {
    const view = report.views.find((candidate) => candidate.model === model);
    return (view && view.model_title) || model;
  }

  function pointAt(view, index) {
    const { points } = view;
    const [strategy, tpa, kvp, dp, tpf, ep, pp, gpus] = view.layouts[points.layout[index]];
    const ttl = points.ttl_us[index];
    const requests = points.requests[index];
    const width = report.categories.length;
    return {
      strategy,
      tpa,
      kvp,
      dp,
      tpf,
      ep,
      pp,
      gpus,
      requests,
      batch: points.batch[index],
      chunks: points.chunks[index],
      ttl,
      memory: points.memory_gb[index],
      interactivity: 1e6 / ttl,
      throughput: requests / (ttl * 1e-6 * gpus),
      parts: list(points.permille)
        .slice(index * width, (index + 1) * width)
        .map((share) => (share * ttl) / 1000),
      hidden: ((list(points.hidden_permille)[index] || 0) * ttl) / 1000,
    };
  }

  // Strategies in drawing order, then any that only the views name.
  function strategyNames(views) {
    const names = report.strategies.map((strategy) => strategy.name);
    for (const view of views) {
      for (const key of Object.keys(view.frontier || {})) {
        if (key !== 'baseline' && key !== 'overall' && !names.includes(key)) names.push(key);
      }
    }
    return names;
  }

  function normalisation(views) {
    const usable = views.find(
      (view) => view.baseline && view.baseline.interactivity_max > 0 && view.baseline.throughput_max > 0,
    );
    if (!usable) return null;
    return { x: usable.baseline.interactivity_max, y: usable.baseline.throughput_max, view: usable };
  }

  // The units of the chart: what a value is divided by, and what an axis is called.
  function chartUnits(views) {
    const reference = normalisation(views);
    if (state.axes === 'normalised' && reference) {
      return {
        x: reference.x,
        y: reference.y,
        xName: 'Interactivity / best of baseline',
        yName: 'Throughput per GPU / best of baseline',
      };
    }
    return { x: 1, y: 1, xName: 'Interactivity (tokens/s/user)', yName: 'Throughput (tokens/s/GPU)' };
  }

  // What is drawn: one entry per run and frontier with points or a cloud.
  function chartSeries(views) {
    const entries = [];
    for (const view of views) {
      const clouds = cloudIndices(view);
      for (const key of [...strategyNames(views), 'baseline']) {
        const frontier = frontierOf(view, key);
        const cloud = clouds.get(key) || [];
        if (frontier.length || cloud.length) {
          entries.push({
            view,
            key,
            run: runs.indexOf(view.run || ''),
            name: seriesName(view.run, key),
            frontier,
            cloud,
          });
        }
      }
    }
    return entries;
  }

  // Points of each strategy that are not on its frontier.
  const cloudsOfView = new WeakMap();
  function cloudIndices(view) {
    if (cloudsOfView.has(view)) return cloudsOfView.get(view);
    const clouds = new Map();
    cloudsOfView.set(view, clouds);
    const seen = new Set();
    for (const [key, indices] of Object.entries(view.frontier || {})) {
      if (key !== 'baseline' && key !== 'overall') indices.forEach((index) => seen.add(index));
    }
    for (let index = 0; index < pointCount(view); index += 1) {
      if (seen.has(index)) continue;
      const strategy = view.layouts[view.points.layout[index]][0];
      if (!clouds.has(strategy)) clouds.set(strategy, []);
      clouds.get(strategy).push(index);
    }
    return clouds;
  }

  function seriesColour(key) {
    if (OWN_COLOURS.includes(key)) return themeColour(key);
    const others = strategyNames(report.views).filter((name) => !OWN_COLOURS.includes(name));
    return themeColour(SPARE_COLOURS[Math.max(0, others.indexOf(key)) % SPARE_COLOURS.length]);
  }

  function categoryColour(name) {
    if (own(CATEGORY_LABELS, name)) return themeColour(name);
    const others = report.categories.filter((category) => !own(CATEGORY_LABELS, category));
    return themeColour(SPARE_PART_COLOURS[others.indexOf(name) % SPARE_PART_COLOURS.length]);
  }

  // ---- One point in words ---------------------------------------------------------------------------------------

  const layoutWords = (point) =>
    [
      ...['tpa', 'kvp', 'dp', 'tpf', 'ep', 'pp'].map((name) => name.toUpperCase() + '\u00a0' + point[name]),
      plural(point.gpus, 'GPU', 'GPUs').replace(' ', '\u00a0'),
    ].join(' \u00b7 ');

  function hopWords(point) {
    if (point.chunks > 0) return plural(point.chunks, 'chunk', 'chunks');
    return point.kvp > 1 ? 'off' : 'no exchange';
  }

  function swatch(colour) {
    const node = element('span', { class: 'swatch' });
    node.style.background = colour;
    return node;
  }

  function partRow(label, time, ttl, mark, className) {
    return element(
      'tr',
      className ? { class: className } : {},
      element('td', {}, mark, label),
      element('td', {}, significant(time, 3) + ' \u00b5s'),
      element('td', {}, fixed((100 * time) / ttl, 1) + '%'),
    );
  }

  const intervalWords = (point, error) =>
    significant(point.ttl / error.factor / 1000, 3) + ' to ' + significant((point.ttl * error.factor) / 1000, 3);

  function errorFacts(point, error) {
    if (!error) return [];
    const facts = [['90 % interval', intervalWords(point, error) + ' ms']];
    if (error.unsure) facts.push(['Order', 'with a neighbour within error']);
    return facts;
  }

  function pointDetails(view, index, key) {
    const point = pointAt(view, index);
    const facts = [
      ['Batch', grouped.format(point.batch)],
      ['In flight', plural(point.requests, 'request', 'requests')],
      ['HOP-B', hopWords(point)],
      ['TTL', significant(point.ttl / 1000, 4) + ' ms'],
      ...errorFacts(point, errorOfPoint(view, key || point.strategy, index)),
      ['Interactivity', significant(point.interactivity, 4) + ' tokens/s/user'],
      ['Throughput', significant(point.throughput, 4) + ' tokens/s/GPU'],
      ['Memory, fullest GPU', significant(point.memory, 4) + ' GB'],
    ];
    const table = element(
      'table',
      {},
      element(
        'tbody',
        {},
        ...report.categories.map((name, part) =>
          partRow(categoryLabel(name), point.parts[part] || 0, point.ttl, swatch(categoryColour(name))),
        ),
        partRow(HIDDEN_LABEL, point.hidden, point.ttl, element('span', { class: 'swatch hollow' }), 'apart'),
      ),
    );
    return element(
      'div',
      { class: 'point' },
      element(
        'div',
        { class: 'point-name' },
        swatch(seriesColour(point.strategy)),
        element('span', {}, seriesName(view.run, point.strategy)),
      ),
      element('div', { class: 'point-layout' }, layoutWords(point)),
      element('dl', {}, ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])),
      table,
    );
  }

  const tipFor = (view, index, key) => element('div', { class: 'tip' }, pointDetails(view, index, key));

  // Beside the pointer where there is room, else above or below it, and always inside the window.
  function tipPosition(chart) {
    return (pointer, params, dom, rect, size) => {
      const frame = chart.getDom().getBoundingClientRect();
      const [width, height] = size.contentSize;
      const screen = { width: document.documentElement.clientWidth, height: window.innerHeight };
      const gap = 16;
      const margin = 6;
      let left = frame.left + pointer[0] + gap;
      let top = frame.top + pointer[1] - height / 2;
      if (left + width > screen.width - margin) left = frame.left + pointer[0] - gap - width;
      if (left < margin) {
        left = frame.left + pointer[0] - width / 2;
        top = frame.top + pointer[1] - gap - height;
        if (top < margin) top = frame.top + pointer[1] + gap;
      }
      left = Math.max(margin, Math.min(left, screen.width - margin - width));
      top = Math.max(margin, Math.min(top, screen.height - margin - height));
      return [left - frame.left, top - frame.top];
    };
  }

  function tooltipOption(chart, trigger, formatter) {
    return {
      trigger,
      formatter,
      position: tipPosition(chart),
      backgroundColor: 'transparent',
      borderWidth: 0,
      padding: 0,
      extraCssText: 'box-shadow:none',
      transitionDuration: 0,
      hideDelay: 60,
    };
  }

  // ---- Axes -----------------------------------------------------------------------------------------------------

  function niceStep(span, count) {
    const rough = span / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * ([1, 2, 2.5, 5, 10].find((step) => step * power >= rough * 0.999) || 10);
  }

  function linearTicks(low, high, count) {
    const step = niceStep(high - low, count);
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1)
      ticks.push(Number((k * step).toPrecision(12)));
    return ticks;
  }

  function logTicks(low, high, count) {
    for (const steps of [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
      const ticks = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
        for (const step of steps) {
          const tick = Number((step * 10 ** power).toPrecision(12));
          if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
        }
      }
      if (steps.length > 3 && ticks.length < 3)
        return linearTicks(low, high, Math.min(count, 4)).filter((tick) => tick > 0);
      if (ticks.length <= count || steps.length === 1) return ticks;
    }
    return [];
  }

  function valueRange(values) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (value > 0 && value < low) low = value;
      if (value > high) high = value;
    }
    if (!(high > 0)) return [state.scale === 'log' ? 0.1 : 0, 1];
    if (state.scale === 'log') return [low / 1.15, high * 1.15];
    const step = niceStep(high * 1.02, 8);
    return [0, Math.ceil((high * 1.02) / step) * step];
  }

  function axisOption(name, range, zoom, pixels, spacing, extra) {
    const [low, high] = zoom || range;
    const log = state.scale === 'log';
    const ticks = (log ? logTicks : linearTicks)(low, high, Math.max(2, Math.floor(pixels / spacing)));
    const digits = Math.min(6, Math.max(2, 2 + Math.ceil(Math.log10(high / (high - low)))));
    const line = { lineStyle: { color: themeColour('rule') } };
    return {
      type: log ? 'log' : 'value',
      name,
      nameLocation: 'middle',
      min: low,
      max: high,
      nameTextStyle: { color: themeColour('ink-soft'), fontSize: 13 },
      axisLine: { show: true, ...line },
      axisTick: { show: true, customValues: ticks, ...line },
      axisLabel: {
        customValues: ticks,
        color: themeColour('ink-soft'),
        fontSize: 12,
        formatter: (value) => tickLabel(value, digits),
      },
      splitLine: { show: true, lineStyle: { color: themeColour('rule-soft') } },
      ...extra,
    };
  }

  // ---- Pareto chart ---------------------------------------------------------------------------------------------

  function plotted(entry, indices, units) {
    const rows = [];
    for (const index of indices) {
      const point = pointAt(entry.view, index);
      const x = point.interactivity / units.x;
      const y = point.throughput / units.y;
      if (x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y)) rows.push([x, y, index]);
    }
    return rows;
  }

  function frontierSeries(entry, number, rows, baselineAlone) {
    const helix = entry.key === 'helix';
    const baseline = entry.key === 'baseline';
    const colour = seriesColour(entry.key);
    const many = rows.length > 80;
    const dash = baseline ? (entry.run ? 'dotted' : [6, 4]) : RUN_DASHES[entry.run % RUN_DASHES.length];
    // The baseline's points are those of other strategies, which mark them while they are on.
    const symbol = baseline && !baselineAlone ? 'none' : own(SYMBOLS, entry.key) || 'circle';
    const size = (helix ? 8 : 7) - (many ? 2 : 0);
    return {
      id: 'frontier/' + number,
      name: entry.name,
      type: 'line',
      data: rows.map((row) => {
        const error = errorOfPoint(entry.view, entry.key, row[2]);
        return error && error.unsure ? { value: row, itemStyle: { opacity: UNSURE_OPACITY } } : row;
      }),
      z: helix ? 6 : baseline ? 5 : 4,
      symbol: entry.run && !baseline ? 'empty' + symbol[0].toUpperCase() + symbol.slice(1) : symbol,
      symbolSize: symbol === 'diamond' || symbol === 'triangle' ? size * 1.25 : size,
      showAllSymbol: true,
      lineStyle: { color: colour, width: helix ? 3 : 2, type: dash },
      itemStyle: { color: colour, opacity: 1 },
      emphasis: { scale: 1.6, lineStyle: { width: helix ? 3 : 2 } },
      cursor: 'pointer',
    };
  }

  // What is known of the error of a place on a frontier, or null. Errors of a TTL move a point along the line through
  // the origin: interactivity and throughput are both in proportion to 1/TTL.
  function errorAt(view, key, place) {
    const errors = own(view.frontier_error || {}, key);
    if (!errors || place < 0 || !(place < list(errors.log_sd).length)) return null;
    return { factor: Math.exp(NORMAL_95 * errors.log_sd[place]), unsure: list(errors.unsure).includes(place) };
  }

  const errorOfPoint = (view, key, index) => errorAt(view, key, frontierOf(view, key).indexOf(index));

  // Bars of 90 % intervals, drawn for what the legend shows. Bars of many points would hide one another: then every few.
  function errorBars(entry, number, rows) {
    if (entry.key === 'baseline') return null;
    const step = Math.ceil(rows.length / MOST_BARS);
    const bars = rows
      .map(([x, y, index]) => ({ x, y, error: errorOfPoint(entry.view, entry.key, index) }))
      .filter(({ error }, place) => error && place % step === 0)
      .map(({ x, y, error }) => [x, y, error.factor]);
    if (!bars.length) return null;
    const colour = seriesColour(entry.key);
    return {
      id: 'errors/' + number,
      name: entry.name,
      type: 'custom',
      data: bars,
      z: 3,
      silent: true,
      clip: true,
      tooltip: { show: false },
      encode: { x: 0, y: 1 },
      renderItem(params, api) {
        const [x, y, factor] = [api.value(0), api.value(1), api.value(2)];
        const [x1, y1] = api.coord([x / factor, y / factor]);
        const [x2, y2] = api.coord([x * factor, y * factor]);
        return {
          type: 'line',
          shape: { x1, y1, x2, y2 },
          style: { stroke: colour, lineWidth: 1, opacity: 0.45 },
        };
      },
    };
  }

  function cloudSeries(entry, number, rows) {
    return {
      id: 'cloud/' + number,
      name: entry.name,
      type: 'scatter',
      data: rows,
      z: 2,
      symbolSize: 3.5,
      symbol: 'circle',
      large: rows.length > LARGE_CLOUD,
      largeThreshold: LARGE_CLOUD,
      progressive: 0,
      itemStyle: { color: seriesColour(entry.key), opacity: 0.28 },
      emphasis: { scale: 2, itemStyle: { opacity: 1 } },
      cursor: 'default',
    };
  }

  function selectedMark(units) {
    const { choice, view, index } = selectedPoint();
    if (!view || state.hidden.has(choice.name)) return null;
    const point = pointAt(view, index);
    return {
      id: 'selected',
      type: 'scatter',
      data: [[point.interactivity / units.x, point.throughput / units.y]],
      z: 8,
      silent: true,
      symbol: 'circle',
      symbolSize: 17,
      itemStyle: { color: 'transparent', borderColor: themeColour('ink'), borderWidth: 1.5 },
      tooltip: { show: false },
    };
  }

  // Rows that the legend will take, so that the plot starts below it.
  function legendRows(names, width, font) {
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = font;
    let rows = 1;
    let x = 0;
    for (const name of names) {
      const item = 28 + 6 + pen.measureText(name).width + 18;
      if (x && x + item > width) {
        rows += 1;
        x = 0;
      }
      x += item;
    }
    return rows;
  }

  function legendOption(names, width, font) {
    const rows = legendRows(names, width, '13px ' + font);
    const paged = rows > 4;
    return {
      rows: paged ? 1 : rows,
      option: {
        type: paged ? 'scroll' : 'plain',
        top: 0,
        left: 0,
        width,
        data: names,
        itemGap: 18,
        itemWidth: 28,
        itemHeight: 9,
        textStyle: { color: themeColour('ink'), fontSize: 13 },
        inactiveColor: themeColour('rule'),
        inactiveBorderColor: themeColour('rule'),
        pageTextStyle: { color: themeColour('ink-soft') },
        pageIconColor: themeColour('ink'),
        pageIconInactiveColor: themeColour('rule'),
        selected: Object.fromEntries(names.map((name) => [name, !state.hidden.has(name)])),
      },
    };
  }

  function paretoOption(views, entries) {
    const units = chartUnits(views);
    const font = getComputedStyle(document.body).fontFamily;
    const width = paretoChart.getWidth();
    const height = paretoChart.getHeight();
    const legend = legendOption(
      entries.map((entry) => entry.name),
      width - 4,
      font,
    );
    const top = legend.rows * 24 + 14;
    const baselineAlone = list(views[0] && views[0].baseline && views[0].baseline.strategies).every((key) =>
      state.hidden.has(seriesName(views[0].run, key)),
    );
    const lines = entries.map((entry, number) =>
      frontierSeries(entry, number, plotted(entry, entry.frontier, units), baselineAlone),
    );
    const clouds = state.cloud
      ? entries
          .map((entry, number) => cloudSeries(entry, number, plotted(entry, entry.cloud, units)))
          .filter((series) => series.data.length)
      : [];
    const rows = [...lines, ...clouds].flatMap((series) => series.data.map((row) => row.value || row));
    const bars = entries
      .map((entry, number) => errorBars(entry, number, plotted(entry, entry.frontier, units)))
      .filter(Boolean);
    const zoom = state.zoom || {};
    return {
      animation: false,
      textStyle: { fontFamily: font },
      legend: legend.option,
      grid: { left: 72, right: 16, top, bottom: 50, outerBoundsMode: 'none' },
      xAxis: axisOption(units.xName, valueRange(rows.map((row) => row[0])), zoom.x, width - 88, 75, { nameGap: 30 }),
      yAxis: axisOption(units.yName, valueRange(rows.map((row) => row[1])), zoom.y, height - top - 50, 50, {
        nameGap: 52,
      }),
      tooltip: tooltipOption(paretoChart, 'item', (hit) => {
        const entry = entryOfSeries(hit.seriesId);
        return entry ? tipFor(entry.view, hit.value[2], entry.key) : '';
      }),
      series: [...lines, ...clouds, ...bars, selectedMark(units)].filter(Boolean),
    };
  }

  function entryOfSeries(seriesId) {
    const [kind, number] = String(seriesId).split('/');
    return kind === 'frontier' || kind === 'cloud' ? chartSeries(currentViews())[Number(number)] : undefined;
  }

  function baselineWords(view) {
    const names = list(view.baseline && view.baseline.strategies).map(strategyLabel);
    return names.length ? 'best of ' + joinWords(names) : 'best of the baseline strategies';
  }

  function paretoNote(views) {
    const reference = normalisation(views);
    if (!views.length) return '';
    if (!reference) {
      return (
        (state.axes === 'normalised' ? 'No baseline point is feasible here, so the axes are absolute. ' : '') +
        'Baseline: ' +
        baselineWords(views[0]) +
        '.'
      );
    }
    const values = significant(reference.x, 4) + ' tokens/s/user and ' + significant(reference.y, 4) + ' tokens/s/GPU';
    const run = reference.view.run ? ' of run ' + reference.view.run : '';
    return (
      'Baseline' +
      run +
      ': ' +
      baselineWords(reference.view) +
      '. ' +
      (state.axes === 'normalised' ? 'Axes are divided by its largest values, ' : 'Its largest values are ') +
      values +
      '.'
    );
  }

  function errorNote(views) {
    if (!views.some((view) => view.frontier_error)) return '';
    return (
      'Bars are 90 % intervals of the TTL, which move a point along the line to the origin; ' +
      'the order of a pale point and a neighbour is within the error.'
    );
  }

  function shownWords(views) {
    const words = [];
    for (const view of views) {
      const prefix = view.run ? view.run + ': ' : '';
      const { counts } = view;
      if (!counts) continue;
      const shown =
        counts.simulated === 0
          ? 'no point simulated'
          : counts.shown < counts.simulated
            ? 'showing ' +
              grouped.format(counts.shown) +
              ' of ' +
              plural(counts.simulated, 'simulated point', 'simulated points')
            : plural(counts.simulated, 'simulated point', 'simulated points') + ', all shown';
      words.push(
        prefix +
          shown +
          '; ' +
          grouped.format(counts.infeasible) +
          ' infeasible, ' +
          grouped.format(counts.invalid) +
          ' invalid',
      );
    }
    const text = words.join('. ');
    return text && (runs.length > 1 ? text : text[0].toUpperCase() + text.slice(1)) + '.';
  }

  function drawPareto() {
    const views = currentViews();
    const entries = chartSeries(views);
    const empty = byId('pareto-empty');
    empty.hidden = entries.length > 0;
    byId('pareto').classList.toggle('nothing', !entries.length);
    empty.textContent = views.length
      ? 'No layout is feasible for ' + modelTitle(state.model) + ' at ' + contextLabel(state.context) + ' tokens.'
      : 'There are no results to show.';
    byId('pareto-note').textContent = [paretoNote(views), errorNote(views)].filter(Boolean).join(' ');
    byId('shown').textContent = shownWords(views) + (entries.length ? ' Drag to zoom, double-click to zoom out.' : '');
    byId('pareto').setAttribute(
      'aria-label',
      'Pareto chart, ' +
        (views.length ? modelTitle(state.model) + ' at ' + contextLabel(state.context) + ' tokens: ' : '') +
        entries
          .map((entry) => entry.name + ' ' + plural(entry.frontier.length, 'frontier point', 'frontier points'))
          .join(', ') +
        '. The table below has the ends of each frontier.',
    );
    paretoChart.setOption(paretoOption(views, entries), { notMerge: true });
    drawEnds(views, entries);
  }

  // Half of the 90 % interval of a ratio to the baseline of the same view, where it is known.
  function ratioError(entry, reference, end) {
    const errors = own(entry.view.frontier_error || {}, entry.key);
    const logSd = errors && errors[end + '_ratio_log_sd'];
    if (entry.key === 'baseline' || entry.view !== reference.view || typeof logSd !== 'number') return '';
    return ' \u00b1 ' + fixed(100 * Math.expm1(NORMAL_95 * logSd), 0) + '%';
  }

  function drawEnds(views, entries) {
    const reference = normalisation(views);
    const table = byId('ends');
    const withPoints = entries.filter((entry) => entry.frontier.length);
    table.hidden = !withPoints.length;
    const number = (text, soft) => element('td', { class: soft ? 'number soft' : 'number' }, text);
    const head = element(
      'thead',
      {},
      element(
        'tr',
        {},
        element('th', { scope: 'col' }, 'Frontier'),
        element('th', { scope: 'col', class: 'number' }, 'Best tokens/s/user'),
        element('th', { scope: 'col', class: 'number' }, 'vs baseline'),
        element('th', { scope: 'col', class: 'number' }, 'Best tokens/s/GPU'),
        element('th', { scope: 'col', class: 'number' }, 'vs baseline'),
        element('th', { scope: 'col', class: 'number' }, 'Points'),
        element('th', { scope: 'col', class: 'summary' }, 'What it is'),
      ),
    );
    const rows = withPoints.map((entry) => {
      const points = entry.frontier.map((index) => pointAt(entry.view, index));
      const x = Math.max(...points.map((point) => point.interactivity));
      const y = Math.max(...points.map((point) => point.throughput));
      const strategy = report.strategies.find((candidate) => candidate.name === entry.key);
      const summary = entry.key === 'baseline' ? baselineWords(entry.view) : (strategy && strategy.summary) || '';
      return element(
        'tr',
        {},
        element('td', {}, seriesCheckbox(entry)),
        number(significant(x, 4)),
        number(reference ? ratio(x / reference.x) + ratioError(entry, reference, 'fast') : '\u2013', true),
        number(significant(y, 4)),
        number(reference ? ratio(y / reference.y) + ratioError(entry, reference, 'dense') : '\u2013', true),
        number(grouped.format(entry.frontier.length)),
        element('td', { class: 'soft summary' }, summary),
      );
    });
    const focused =
      document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.series : undefined;
    fill(table, head, element('tbody', {}, ...rows));
    if (focused !== undefined) {
      const again = [...table.querySelectorAll('input')].find((box) => box.dataset.series === focused);
      if (again) again.focus();
    }
  }

  function seriesCheckbox(entry) {
    const box = element('input', { type: 'checkbox' });
    box.checked = !state.hidden.has(entry.name);
    box.dataset.series = entry.name;
    box.addEventListener('change', () => setSeriesShown(entry.name, box.checked));
    return element('label', { class: 'check' }, box, swatch(seriesColour(entry.key)), element('span', {}, entry.name));
  }

  function setSeriesShown(name, shown) {
    if (shown) state.hidden.delete(name);
    else state.hidden.add(name);
    drawPareto();
  }

  // ---- Zoom by dragging a box -----------------------------------------------------------------------------------

  function enableBoxZoom(chart) {
    const surface = chart.getZr();
    let start = null;
    let box = null;
    const inPlot = (event) => chart.containPixel('grid', [event.offsetX, event.offsetY]);
    const forget = () => {
      if (box) surface.remove(box);
      box = null;
      start = null;
    };
    surface.on('mousedown', (event) => {
      const touch = event.event && (event.event.pointerType === 'touch' || event.event.touches);
      if (!touch && inPlot(event)) start = [event.offsetX, event.offsetY];
    });
    surface.on('mousemove', (event) => {
      if (!start) return;
      if (!box) {
        box = new window.echarts.graphic.Rect({
          silent: true,
          z: 100,
          style: { fill: themeColour('accent'), opacity: 0.15 },
        });
        surface.add(box);
      }
      box.setShape({ x: start[0], y: start[1], width: event.offsetX - start[0], height: event.offsetY - start[1] });
    });
    surface.on('mouseup', (event) => {
      const from = start;
      forget();
      if (!from || Math.abs(event.offsetX - from[0]) < 12 || Math.abs(event.offsetY - from[1]) < 12) return;
      const corners = [from, [event.offsetX, event.offsetY]].map((pixel) => chart.convertFromPixel('grid', pixel));
      const span = (axis) => {
        const [low, high] = chart.getModel().getComponent(axis).axis.scale.getExtent();
        const values = corners.map((corner) => Math.min(high, Math.max(low, corner[axis === 'xAxis' ? 0 : 1])));
        return [Math.min(...values), Math.max(...values)];
      };
      state.zoom = { x: span('xAxis'), y: span('yAxis') };
      drawPareto();
    });
    surface.on('globalout', forget);
    surface.on('dblclick', () => {
      if (!state.zoom) return;
      state.zoom = null;
      drawPareto();
    });
  }

  // ---- Where the time goes --------------------------------------------------------------------------------------

  function frontierChoices() {
    const views = currentViews();
    const choices = [];
    for (const view of views) {
      for (const key of [...strategyNames(views), 'baseline', 'overall']) {
        if (frontierOf(view, key).length)
          choices.push({ view, key, run: view.run || '', name: seriesName(view.run, key) });
      }
    }
    return choices;
  }

  // The frontier that the state asks for, else Helix, else the first.
  function chosenFrontier() {
    const choices = frontierChoices();
    return (
      choices.find((choice) => choice.key === state.frontier && choice.run === state.run) ||
      choices.find((choice) => choice.key === state.frontier) ||
      choices.find((choice) => choice.key === 'helix') ||
      choices[0]
    );
  }

  function selectedPoint() {
    const choice = chosenFrontier();
    if (!choice) return {};
    const indices = frontierOf(choice.view, choice.key);
    const position = Math.min(Math.max(0, state.point), indices.length - 1);
    return { choice, view: choice.view, indices, position, index: indices[position] };
  }

  function hatch() {
    const tile = document.createElement('canvas');
    tile.width = 6;
    tile.height = 6;
    const pen = tile.getContext('2d');
    pen.strokeStyle = themeColour('paper');
    pen.lineWidth = 1.4;
    for (const shift of [-6, 0, 6]) {
      pen.moveTo(shift, 6);
      pen.lineTo(shift + 6, 0);
    }
    pen.stroke();
    return { image: tile, repeat: 'repeat' };
  }

  function barSeries(points) {
    const amount = (time, ttl) => (state.parts === 'percent' ? (100 * time) / ttl : time);
    const series = report.categories.map((name, part) => ({
      name: categoryLabel(name),
      type: 'bar',
      stack: 'ttl',
      barGap: '-100%',
      barCategoryGap: '18%',
      barMaxWidth: 44,
      cursor: 'pointer',
      itemStyle: { color: categoryColour(name) },
      emphasis: { disabled: true },
      data: points.map((point) => amount(point.parts[part] || 0, point.ttl)),
    }));
    if (report.categories[0] === 'attention' && points.some((point) => point.hidden > 0)) {
      series.push({
        name: HIDDEN_LABEL,
        type: 'bar',
        stack: 'hidden',
        barGap: '-100%',
        barMaxWidth: 44,
        z: 3,
        silent: true,
        itemStyle: { color: hatch() },
        emphasis: { disabled: true },
        data: points.map((point) => amount(point.hidden, point.ttl)),
      });
    }
    return series;
  }

  function breakdownOption({ choice, view, indices, position }) {
    const points = indices.map((index) => pointAt(view, index));
    const font = getComputedStyle(document.body).fontFamily;
    const width = breakdownChart.getWidth();
    const bars = barSeries(points);
    const names = bars.map((series) => series.name);
    const legend = legendOption(names, width - 4, font);
    const top = legend.rows * 24 + 18;
    const capacity = Math.max(8, Math.floor((width - 90) / BAR_PITCH));
    const scrolled = points.length > capacity;
    state.barStart = Math.min(
      Math.max(0, state.barStart, position - capacity + 1),
      Math.max(0, points.length - capacity),
      position,
    );
    const line = { lineStyle: { color: themeColour('rule') } };
    const label = { color: themeColour('ink-soft'), fontSize: 12 };
    const name = { nameLocation: 'middle', nameTextStyle: { color: themeColour('ink-soft'), fontSize: 13 } };
    return {
      animation: false,
      textStyle: { fontFamily: font },
      legend: {
        ...legend.option,
        itemWidth: 12,
        itemHeight: 12,
        selected: {},
        selectedMode: false,
        data: names.map((item) =>
          item === HIDDEN_LABEL ? { name: item, itemStyle: { color: hatchOnAttention() } } : item,
        ),
      },
      grid: { left: 76, right: 12, top, bottom: scrolled ? 82 : 52, outerBoundsMode: 'none' },
      xAxis: {
        type: 'category',
        ...name,
        name: choice.name + ' frontier: interactivity (tokens/s/user)',
        nameGap: 30,
        data: points.map((point) => significant(point.interactivity, 3)),
        axisLine: line,
        axisTick: { show: false },
        axisLabel: { ...label, hideOverlap: true },
      },
      yAxis: {
        type: 'value',
        ...name,
        name: state.parts === 'percent' ? 'Share of TTL (%)' : 'Time per token (\u00b5s)',
        nameGap: 58,
        min: 0,
        max: state.parts === 'percent' ? 100 : null,
        splitNumber: 5,
        axisLine: { show: true, ...line },
        splitLine: { lineStyle: { color: themeColour('rule-soft') } },
        axisLabel: { ...label, formatter: (value) => tickLabel(value, 4) },
      },
      dataZoom: scrolled
        ? [
            {
              type: 'slider',
              startValue: state.barStart,
              endValue: state.barStart + capacity - 1,
              zoomLock: true,
              height: 14,
              bottom: 8,
              left: 76,
              right: 12,
              showDetail: false,
              showDataShadow: false,
              brushSelect: false,
              handleSize: 0,
              borderColor: themeColour('rule'),
              fillerColor: themeColour('rule'),
              backgroundColor: themeColour('fill'),
              moveHandleSize: 0,
            },
          ]
        : [],
      tooltip: {
        ...tooltipOption(breakdownChart, 'axis', (hits) => tipFor(view, indices[hits[0].dataIndex], choice.key)),
        axisPointer: { type: 'shadow', shadowStyle: { color: themeColour('ink'), opacity: 0.07 } },
      },
      series: [
        ...bars,
        {
          id: 'selected',
          type: 'scatter',
          data: [[position, state.parts === 'percent' ? 100 : points[position].ttl]],
          symbol: 'triangle',
          symbolRotate: 180,
          symbolSize: [11, 8],
          symbolOffset: [0, -8],
          silent: true,
          z: 5,
          itemStyle: { color: themeColour('ink') },
          clip: false,
        },
      ],
    };
  }

  function hatchOnAttention() {
    const pattern = hatch();
    const pen = pattern.image.getContext('2d');
    pen.globalCompositeOperation = 'destination-over';
    pen.fillStyle = categoryColour('attention');
    pen.fillRect(0, 0, pattern.image.width, pattern.image.height);
    return pattern;
  }

  function drawBreakdown() {
    const selected = selectedPoint();
    byId('breakdown-section').hidden = !selected.view;
    if (!selected.view) return;
    const { choice, view, indices, position, index } = selected;
    const select = byId('frontier-select');
    fill(
      select,
      ...frontierChoices().map((option, number) => {
        const node = element('option', { value: String(number) }, option.name);
        node.selected = option.key === choice.key && option.view === choice.view;
        return node;
      }),
    );
    breakdownChart.resize();
    breakdownChart.setOption(breakdownOption(selected), { notMerge: true });
    byId('breakdown').setAttribute(
      'aria-label',
      'Stacked bars: parts of the TTL of ' +
        plural(indices.length, 'point', 'points') +
        ' on the ' +
        choice.name +
        ' frontier. The selected point is described beside the chart.',
    );
    byId('position').textContent = position + 1 + ' of ' + indices.length;
    byId('previous').disabled = position === 0;
    byId('next').disabled = position === indices.length - 1;
    fill(byId('selected-point'), pointDetails(view, index, choice.key));
    drawFrontierTable(selected);
  }

  // Also asked for by a click in the chart, which names the frontier.
  function selectPoint(position, choice) {
    if (choice) {
      state.frontier = choice.key;
      state.run = choice.run;
    }
    state.point = position;
    drawPareto();
    drawBreakdown();
    rememberState();
  }

  // ---- Frontier table and CSV -----------------------------------------------------------------------------------

  const INTERVAL_COLUMN = 'TTL 90 %, ms';
  const FRONTIER_COLUMNS = [
    ['Strategy', (point) => strategyLabel(point.strategy), true],
    ...['tpa', 'kvp', 'dp', 'tpf', 'ep', 'pp'].map((name) => [name.toUpperCase(), (point) => String(point[name])]),
    ['GPUs', (point) => grouped.format(point.gpus)],
    ['Batch', (point) => grouped.format(point.batch)],
    ['In flight', (point) => grouped.format(point.requests)],
    ['HOP-B', hopWords],
    ['TTL, ms', (point) => significant(point.ttl / 1000, 4)],
    [INTERVAL_COLUMN, (point) => (point.error ? (point.error.unsure ? '~ ' : '') + intervalWords(point, point.error) : '')],
    ['tokens/s/user', (point) => significant(point.interactivity, 4)],
    ['tokens/s/GPU', (point) => significant(point.throughput, 4)],
    ['Memory, GB', (point) => significant(point.memory, 4)],
  ];

  function drawFrontierTable({ choice, view, indices, position }) {
    byId('frontier-summary').textContent =
      'All ' + plural(indices.length, 'point', 'points') + ' of the ' + choice.name + ' frontier';
    const cellClass = (text) => (text ? {} : { class: 'number' });
    const known = own(view.frontier_error || {}, choice.key) !== undefined;
    const columns = FRONTIER_COLUMNS.filter(([title]) => known || title !== INTERVAL_COLUMN);
    const head = element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...columns.map(([title, , text]) => element('th', { scope: 'col', ...cellClass(text) }, title)),
      ),
    );
    const rows = indices.map((index, row) => {
      const point = pointAt(view, index);
      point.error = errorAt(view, choice.key, row);
      const node = element(
        'tr',
        row === position ? { class: 'chosen', 'aria-current': 'true' } : {},
        ...columns.map(([, value, text]) => element('td', cellClass(text), value(point))),
      );
      node.addEventListener('click', () => selectPoint(row));
      return node;
    });
    fill(byId('frontier-table'), head, element('tbody', {}, ...rows));
    byId('csv').hidden = true;
    byId('copy-status').textContent = '';
  }

  function csvCell(value) {
    if (typeof value === 'number') return String(value);
    const text = /^[=+\-@]/.test(value) ? "'" + value : String(value); // a spreadsheet must not run a name
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  }

  function frontierCsv() {
    const { choice, view, indices } = selectedPoint();
    const widths = ['tpa', 'kvp', 'dp', 'tpf', 'ep', 'pp', 'gpus'];
    const round = (value) => Number(value.toPrecision(7));
    const lines = [
      [
        'run',
        'model',
        'context_tokens',
        'frontier',
        'strategy',
        ...widths,
        'batch',
        'requests_in_flight',
        'hop_b_chunks',
        'ttl_us',
        'tokens_per_second_per_user',
        'tokens_per_second_per_gpu',
        'memory_gb',
        ...report.categories.map((name) => name + '_us'),
        'communication_hidden_us',
        'ttl_low_us',
        'ttl_high_us',
        'order',
      ],
    ];
    for (const [place, index] of indices.entries()) {
      const point = pointAt(view, index);
      const error = errorAt(view, choice.key, place);
      lines.push([
        view.run || '',
        view.model,
        view.context_tokens,
        choice.key,
        point.strategy,
        ...widths.map((name) => point[name]),
        point.batch,
        point.requests,
        point.chunks,
        point.ttl,
        round(point.interactivity),
        round(point.throughput),
        point.memory,
        ...point.parts.map(round),
        round(point.hidden),
        ...(error
          ? [round(point.ttl / error.factor), round(point.ttl * error.factor), error.unsure ? 'unsure' : 'sure']
          : ['', '', '']),
      ]);
    }
    return lines.map((cells) => cells.map(csvCell).join(',')).join('\n') + '\n';
  }

  // From file:// the clipboard may be refused: then the old command, and at last a text area to copy from by hand.
  async function copyCsv() {
    const area = byId('csv');
    area.value = frontierCsv();
    const status = byId('copy-status');
    try {
      await navigator.clipboard.writeText(area.value);
      status.textContent = 'Copied.';
      return;
    } catch (refused) {
      area.hidden = false;
      area.select();
    }
    status.textContent = document.execCommand('copy') ? 'Copied.' : 'Press Ctrl+C to copy the selected text.';
    if (status.textContent === 'Copied.') area.hidden = true;
  }

  // ---- Claims and lists -----------------------------------------------------------------------------------------

  function claimPlace(claim) {
    const words = [
      claim.model ? modelTitle(claim.model) : '',
      claim.context_tokens ? contextLabel(claim.context_tokens) : '',
    ]
      .filter(Boolean)
      .join(', ');
    const known = report.views.some(
      (view) => view.model === claim.model && view.context_tokens === claim.context_tokens,
    );
    if (!known) return words;
    return element(
      'a',
      { href: '#' + new URLSearchParams({ model: claim.model, context: claim.context_tokens }) },
      words,
    );
  }

  function drawClaims() {
    const claims = list(report.claims);
    byId('claims-section').hidden = !claims.length;
    const counted = ['pass', 'fail', 'reported']
      .map((verdict) => [verdict, claims.filter((claim) => claim.verdict === verdict).length])
      .filter(([, n]) => n);
    byId('claims-note').textContent =
      plural(claims.length, 'claim', 'claims') +
      ': ' +
      counted.map(([verdict, n]) => n + ' ' + verdict).join(', ') +
      '. A claim passes when our value lies in its band; one without a band is reported only.';
    const columns = [
      'Claim',
      'Model, context',
      'Published',
      'Ours',
      'Band',
      'Verdict',
      'Where on the frontier',
      'Source',
    ];
    const cell = (column, className, content) =>
      element('td', { 'data-label': columns[column], class: className + (content === '' ? ' nothing' : '') }, content);
    const rows = claims.map((claim) => {
      const verdict = ['pass', 'fail', 'reported'].includes(claim.verdict) ? claim.verdict : 'reported';
      const values = [claim.published, claim.ours, claim.band].map((value) =>
        value === null || value === undefined ? '' : String(value),
      );
      const row = element(
        'tr',
        {},
        cell(0, 'claim', claim.text || claim.name),
        cell(1, '', claimPlace(claim)),
        cell(2, 'value', values[0]),
        cell(3, 'value', values[1]),
        cell(4, 'value', values[2]),
        cell(5, '', element('span', { class: 'verdict ' + verdict }, String(claim.verdict))),
        cell(6, 'where', claim.where || ''),
        cell(7, 'source', claim.source || ''),
      );
      row.title = claim.name || '';
      return row;
    });
    fill(
      byId('claims'),
      element('thead', {}, element('tr', {}, ...columns.map((title) => element('th', { scope: 'col' }, title)))),
      element('tbody', {}, ...rows),
    );
  }

  function drawSentences(id, sentences) {
    byId(id + '-section').hidden = !sentences.length;
    fill(byId(id), ...sentences.map((sentence) => element('li', {}, String(sentence))));
  }

  function drawHeader() {
    document.title = report.title;
    byId('title').textContent = report.title;
    byId('what').textContent =
      [report.system, report.fidelity && report.fidelity + ' fidelity', report.tool].filter(Boolean).join(' \u00b7 ') +
      (runs.length > 1 ? ' \u00b7 runs ' + joinWords(runs.filter(Boolean)) : '');
    byId('counts').textContent = report.counts ? countsSentence(report.counts) : '';
    byId('footer').textContent =
      'Interactivity: tokens per second of one user, 1/TTL. Throughput: requests in flight / (TTL \u00d7 GPUs). ' +
      'A frontier point is one that no other point of its strategy matches on both axes and beats on one. ' +
      'This file is complete in itself and makes no network request.';
  }

  // ---- Controls and state ---------------------------------------------------------------------------------------

  function segments(id, options, chosen, choose) {
    const group = byId(id);
    const wanted = JSON.stringify(options);
    if (group.dataset.options !== wanted) {
      group.dataset.options = wanted;
      fill(
        group,
        ...options.map(([value, label]) => {
          const button = element('button', { type: 'button' }, label);
          button.dataset.value = String(value);
          button.addEventListener('click', () => choose(value));
          return button;
        }),
      );
    }
    for (const button of group.children)
      button.setAttribute('aria-pressed', String(button.dataset.value === String(chosen)));
  }

  function drawControls() {
    segments(
      'models',
      modelNames().map((name) => [name, modelTitle(name)]),
      state.model,
      (model) => change({ model }),
    );
    segments(
      'contexts',
      contextsOfModel(state.model).map((tokens) => [tokens, contextLabel(tokens)]),
      state.context,
      (context) => change({ context }),
    );
    for (const name of Object.keys(CHOICES))
      segments(name, CHOICES[name], state[name], (value) => change({ [name]: value }));
    byId('cloud').checked = state.cloud;
  }

  function change(changes) {
    Object.assign(state, changes);
    if ('model' in changes || 'context' in changes || 'axes' in changes || 'scale' in changes) state.zoom = null;
    if ('model' in changes || 'context' in changes) {
      state.point = 0;
      state.barStart = 0;
    }
    settleState();
    draw();
    rememberState();
  }

  // Every field gets a value that exists in the data.
  function settleState() {
    const models = modelNames();
    if (!models.includes(state.model)) state.model = models.includes('deepseek-r1') ? 'deepseek-r1' : models[0] || null;
    const contexts = contextsOfModel(state.model);
    if (!contexts.includes(state.context))
      state.context = contexts.includes(1000000) ? 1000000 : contexts[contexts.length - 1] || null;
    for (const name of Object.keys(CHOICES)) {
      if (!CHOICES[name].some(([value]) => value === state[name])) state[name] = CHOICES[name][0][0];
    }
    if (!Number.isInteger(state.point) || state.point < 0) state.point = 0;
  }

  function readHash() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of ['model', 'axes', 'scale', 'parts', 'frontier', 'run'])
      if (given.has(name)) state[name] = given.get(name);
    if (given.has('context')) state.context = Number(given.get('context'));
    if (given.has('cloud')) state.cloud = given.get('cloud') !== '0';
    state.point = given.has('point') ? Number(given.get('point')) : 0;
    settleState();
  }

  function rememberState() {
    const chosen = selectedPoint();
    const hash = new URLSearchParams({
      model: state.model || '',
      context: state.context || '',
      axes: state.axes,
      scale: state.scale,
    });
    if (!state.cloud) hash.set('cloud', '0');
    if (state.parts !== 'us') hash.set('parts', state.parts);
    if (state.frontier !== 'helix') hash.set('frontier', state.frontier);
    if (state.run) hash.set('run', state.run);
    if (chosen.position) hash.set('point', String(chosen.position));
    try {
      history.replaceState(null, '', '#' + hash);
    } catch (refused) {
      location.hash = hash.toString();
    }
  }

  function draw() {
    drawControls();
    drawPareto();
    drawBreakdown();
  }

  function saveImage() {
    const link = element('a', {
      href: paretoChart.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: themeColour('paper') }),
      download:
        ['helixsim', state.model, contextLabel(state.context || 0)].join('-').replace(/[^\w.-]+/g, '_') + '.png',
    });
    link.click();
  }

  function connectCharts() {
    paretoChart.on('legendselectchanged', (event) => setSeriesShown(event.name, event.selected[event.name]));
    paretoChart.on('click', (hit) => {
      if (!String(hit.seriesId).startsWith('frontier/')) return;
      const entry = entryOfSeries(hit.seriesId);
      const position = entry.frontier.indexOf(hit.value[2]);
      selectPoint(position, { key: entry.key, run: entry.view.run || '' });
      byId('breakdown').scrollIntoView({ block: 'center', behavior: reducedMotion() ? 'auto' : 'smooth' });
    });
    enableBoxZoom(paretoChart);
    breakdownChart.getZr().on('click', (event) => {
      const pixel = [event.offsetX, event.offsetY];
      if (breakdownChart.containPixel('grid', pixel))
        selectPoint(Math.round(breakdownChart.convertFromPixel('grid', pixel)[0]));
    });
    breakdownChart.on('datazoom', () => {
      state.barStart = breakdownChart.getOption().dataZoom[0].startValue;
    });
  }

  function connectControls() {
    byId('cloud').addEventListener('change', (event) => change({ cloud: event.target.checked }));
    byId('save-image').addEventListener('click', saveImage);
    byId('frontier-select').addEventListener('change', (event) => {
      const choice = frontierChoices()[Number(event.target.value)];
      state.barStart = 0;
      selectPoint(0, choice);
    });
    byId('previous').addEventListener('click', () => selectPoint(selectedPoint().position - 1));
    byId('next').addEventListener('click', () => selectPoint(selectedPoint().position + 1));
    byId('copy-csv').addEventListener('click', copyCsv);
    window.addEventListener('hashchange', () => {
      readHash();
      state.zoom = null;
      draw();
    });
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    let pending = 0;
    new ResizeObserver(() => {
      cancelAnimationFrame(pending);
      pending = requestAnimationFrame(() => {
        paretoChart.resize();
        draw();
      });
    }).observe(byId('pareto'));
  }

  // What is on show, for tests and for scripts.
  function view() {
    const views = currentViews();
    const { choice, position } = selectedPoint();
    return {
      model: state.model,
      context_tokens: state.context,
      axes: state.axes,
      scale: state.scale,
      cloud: state.cloud,
      parts: state.parts,
      frontier: choice ? choice.key : null,
      point: choice ? position : null,
      zoomed: state.zoom !== null,
      normalised: state.axes === 'normalised' && normalisation(views) !== null,
      series: chartSeries(views).map((entry, number) => ({
        id: 'frontier/' + number,
        name: entry.name,
        strategy: entry.key,
        run: entry.view.run || '',
        frontier: entry.frontier.length,
        cloud: entry.cloud.length,
        shown: !state.hidden.has(entry.name),
      })),
    };
  }

  function start() {
    report = JSON.parse(byId('report-data').textContent);
    if (report.format !== FORMAT)
      throw new Error('its data has format ' + String(report.format) + ', this page reads ' + FORMAT);
    for (const name of ['views', 'strategies', 'categories']) report[name] = list(report[name]);
    runs = [...new Set(report.views.map((candidate) => candidate.run || ''))];
    readHash();
    drawHeader();
    drawClaims();
    drawSentences('assumptions', list(report.assumptions));
    drawSentences('warnings', list(report.warnings));
    paretoChart = window.echarts.init(byId('pareto'));
    breakdownChart = window.echarts.init(byId('breakdown'));
    connectCharts();
    byId('selection').hidden = !report.views.length;
    draw();
    connectControls();
    window.helixsim = { ready: true, chart: paretoChart, breakdown: breakdownChart, view };
  }

  try {
    start();
  } catch (problem) {
    byId('failure').textContent = 'This report cannot be shown: ' + problem.message;
    byId('failure').hidden = false;
    throw problem;
  }
})();
