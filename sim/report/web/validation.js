// The page of `helixsim validate`: a plot for each operation and format, and the table of errors of each system.

(() => {
  'use strict';

  // What bounds a kernel, in the order of the program's Region, and the custom property of its colour.
  const REGIONS = [
    ['latency', 'other', 'latency'],
    ['l2', 'gemm', 'L2 bandwidth'],
    ['bandwidth', 'attention', 'HBM bandwidth'],
    ['stream', 'moe', 'one CTA'],
    ['compute', 'communication_exposed', 'arithmetic'],
  ];
  const BANDS = [
    [0, 'solid', 1.2],
    [10, 'dashed', 1],
    [25, 'dotted', 1],
  ];

  const systems = JSON.parse(document.getElementById('validation-data').textContent);
  const charts = [];
  const grouped = new Intl.NumberFormat('en-US');
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // 0.001 to 1 us, and milliseconds and seconds above.
  function time(us) {
    if (us >= 1e6) return `${+(us / 1e6).toPrecision(3)} s`;
    if (us >= 1e3) return `${+(us / 1e3).toPrecision(3)} ms`;
    return `${+us.toPrecision(3)} \u00b5s`;
  }

  // The decades that hold all points.
  function rangeOf(plot) {
    let low = Infinity;
    let high = 0;
    for (const points of Object.values(plot.points)) {
      for (const pair of points) {
        low = Math.min(low, ...pair);
        high = Math.max(high, ...pair);
      }
    }
    return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.001))];
  }

  function bandSeries(low, high) {
    return BANDS.flatMap(([percent, type, width]) =>
      (percent ? [1 + percent / 100, 1 - percent / 100] : [1]).map((factor) => ({
        type: 'line',
        data: [
          [Math.max(low, low / factor), Math.max(low, low * factor)],
          [Math.min(high, high / factor), Math.min(high, high * factor)],
        ],
        symbol: 'none',
        silent: true,
        z: 1,
        lineStyle: { color: colour('ink'), type, width, opacity: percent ? 0.65 : 0.9 },
      })),
    );
  }

  function optionOf(plot) {
    const [low, high] = rangeOf(plot);
    const axis = (name, gap) => ({
      type: 'log',
      min: low,
      max: high,
      name,
      nameLocation: 'middle',
      nameGap: gap,
      nameTextStyle: { color: colour('ink-soft') },
      axisLabel: { color: colour('ink-soft'), formatter: time, hideOverlap: true },
      axisLine: { lineStyle: { color: colour('rule') } },
      splitLine: { lineStyle: { color: colour('rule-soft') } },
    });
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      aria: { enabled: true },
      grid: { left: 66, right: 14, top: 10, bottom: 44 },
      xAxis: axis('measured', 26),
      yAxis: axis('predicted', 52),
      tooltip: {
        backgroundColor: colour('paper'),
        borderColor: colour('rule'),
        textStyle: { color: colour('ink'), fontSize: 12 },
        formatter: ({ seriesName, value: [measured, predicted] }) => {
          const off = (predicted / measured - 1) * 100;
          return `${seriesName}<br>measured ${time(measured)}<br>predicted ${time(predicted)} (${off < 0 ? '\u2212' : '+'}${Math.abs(off).toFixed(1)} %)`;
        },
      },
      series: [
        ...REGIONS.filter(([key]) => plot.points[key]).map(([key, property, name]) => ({
          type: 'scatter',
          name,
          data: plot.points[key],
          symbolSize: 4,
          itemStyle: { color: colour(property), opacity: 0.6 },
        })),
        ...bandSeries(low, high),
      ],
    };
  }

  // The same names as in the command's JSON.
  const group = ([op, dtype, kernel, region, rows, unpredicted, median, mean, p90, reason]) => ({
    op, dtype, kernel, region, rows, unpredicted, median, mean, p90, reason,
  });

  function keyOfColours() {
    const key = element('div', undefined, 'key');
    key.setAttribute('aria-label', 'What bounds a kernel');
    for (const [, property, name] of REGIONS) {
      const item = element('span');
      const swatch = element('span', undefined, 'swatch');
      swatch.style.background = `var(--${property})`;
      item.append(swatch, name);
      key.append(item);
    }
    key.append(element('span', 'Lines: equal (solid), \u00b110 % (dashed), \u00b125 % (dotted)', 'note'));
    return key;
  }

  function plotOf(plot, overall) {
    const figure = element('figure', undefined, 'plot');
    figure.style.margin = '0';
    figure.append(element('h3', `${plot.op} ${plot.dtype}`));
    const drawn = Object.values(plot.points).reduce((sum, points) => sum + points.length, 0);
    const thinned = drawn < plot.rows ? `, ${grouped.format(drawn)} drawn` : '';
    figure.append(element('p', `${grouped.format(plot.rows)} rows${thinned}`, 'note'));
    const errors = overall ? `Error: ${overall.median.toFixed(1)} % median, ${overall.p90.toFixed(1)} % p90` : '';
    figure.append(element('p', errors, 'note'));
    const chart = element('div', undefined, 'chart');
    chart.setAttribute('role', 'img');
    chart.setAttribute('aria-label', `${plot.op} ${plot.dtype}: predicted against measured time`);
    figure.append(chart);
    return { figure, chart };
  }

  // As the key of colours has it; of collectives also a number of GPUs, which stays.
  const regionName = (region) => REGIONS.find(([name]) => name === region)?.[2] ?? region;

  // A row for each operation and format, below it its regions and its kernels.
  function tableOf(groups) {
    const table = element('table', undefined, 'figures');
    const head = element('tr');
    for (const name of ['Operation, format', 'Median %', 'p90 %', 'Mean %', 'Rows']) {
      head.append(element('th', name, name.includes(',') ? '' : 'number'));
    }
    table.append(element('thead'), element('tbody'));
    table.tHead.append(head);
    for (const one of groups.filter((each) => each.rows && (each.kernel === 'all' || each.region === 'all'))) {
      const row = element('tr');
      const whole = one.kernel === 'all' && one.region === 'all';
      const part = one.kernel === 'all' ? regionName(one.region) : one.kernel;
      row.append(element('td', whole ? `${one.op} ${one.dtype}` : part, whole ? '' : 'part'));
      for (const percent of [one.median, one.p90, one.mean]) row.append(element('td', percent.toFixed(2), 'number'));
      row.append(element('td', grouped.format(one.rows), 'number'));
      if (whole) row.style.fontWeight = '600';
      table.tBodies[0].append(row);
    }
    return table;
  }

  function show(system) {
    const groups = system.groups.map(group);
    const section = element('section');
    const heading = element('div', undefined, 'section-head');
    heading.append(element('h2', system.title));
    section.append(heading, element('p', system.software, 'note'), keyOfColours());
    const plots = element('div', undefined, 'plots');
    for (const plot of system.plots) {
      const overall = groups.find(
        (one) => one.op === plot.op && one.dtype === plot.dtype && one.kernel === 'all' && one.region === 'all',
      );
      const { figure, chart } = plotOf(plot, overall);
      plots.append(figure);
      charts.push([chart, plot]);
    }
    section.append(plots);
    const details = element('details');
    details.open = systems.length === 1;
    details.append(element('summary', 'Errors by kernel and by what bounds it, in % of the measured time'));
    const scroll = element('div', undefined, 'scroll');
    scroll.append(tableOf(groups));
    details.append(scroll);
    section.append(details);
    const without = groups.filter((one) => one.unpredicted);
    if (without.length) {
      section.append(element('h3', 'Not predicted'));
      const items = element('ul', undefined, 'note');
      for (const one of without) {
        const kernel = one.kernel === 'all' ? '' : ` ${one.kernel}`;
        items.append(
          element('li', `${grouped.format(one.unpredicted)} rows of ${one.op} ${one.dtype}${kernel}: ${one.reason}`),
        );
      }
      section.append(items);
    }
    document.getElementById('systems').append(section);
  }

  systems.forEach(show);
  const drawn = charts.map(([place, plot]) => {
    const chart = echarts.init(place, null, { renderer: 'canvas' });
    const draw = () => chart.setOption(optionOf(plot), true);
    draw();
    return { chart, draw };
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawn.forEach(({ draw }) => draw()));
  window.addEventListener('resize', () => drawn.forEach(({ chart }) => chart.resize()));
})();
