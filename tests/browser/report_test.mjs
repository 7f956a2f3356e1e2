// Opens the interactive report in a real browser and uses it. Run with `node tests/browser/report_test.mjs`.
//
//   HELIXSIM_REPORT           a report.html that the program wrote; tested beside the fixture's page
//   others, of every browser test: see browser.mjs

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { assembleReport } from './assemble_report.mjs';
import { launchBrowser, libraryFile, needBrowserAnd, screenshot } from './browser.mjs';
import { HOSTILE, makeFixture, makeOverlayFixture } from './make_fixture.mjs';

needBrowserAnd([libraryFile('echarts/dist/echarts.min.js'), 'echarts (npm ci in tools/web)']);

const work = mkdtempSync(join(tmpdir(), 'helixsim-report-'));
let browser;

before(async () => {
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  rmSync(work, { recursive: true, force: true });
});

// ---- Tools ------------------------------------------------------------------------------------------------------

function writePage(name, report) {
  const path = join(work, name);
  writeFileSync(path, assembleReport(report));
  return pathToFileURL(path).href;
}

// Opens the page, hands it to `use`, and fails on anything the browser complained about or fetched.
async function withPage(url, { width = 1280, height = 900, scheme = 'light', hash = '' }, use) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  const complaints = [];
  const page = await context.newPage();
  page.on(
    'console',
    (message) =>
      ['error', 'warning'].includes(message.type()) && complaints.push(`console ${message.type()}: ${message.text()}`),
  );
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on(
    'request',
    (request) => /^(file|data|blob):/.test(request.url()) || complaints.push(`request: ${request.url()}`),
  );
  try {
    await page.goto(url + hash);
    await page.waitForFunction(() => window.helixsim?.ready === true, null, { timeout: 20000 });
    await settled(page);
    const result = await use(page);
    assert.deepEqual(complaints, []);
    return result;
  } catch (problem) {
    if (complaints.length) problem.message += `\nthe page complained: ${complaints.join('; ')}`;
    throw problem;
  } finally {
    await context.close();
  }
}

const settled = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)));
      }),
  );
const view = (page) => page.evaluate(() => window.helixsim.view());
const data = (page) => page.evaluate(() => JSON.parse(document.getElementById('report-data').textContent));
const hashOf = (fields) => '#' + new URLSearchParams(fields);

async function press(page, group, value) {
  await page.evaluate(
    ([id, wanted]) =>
      [...document.getElementById(id).children].find((button) => button.dataset.value === wanted).click(),
    [group, String(value)],
  );
  await settled(page);
}

// Pixels of the chart within a few steps of a theme colour.
function painted(page, colour, chart = 'pareto') {
  return page.evaluate(
    ([name, id]) => {
      const hex = getComputedStyle(document.documentElement)
        .getPropertyValue('--' + name)
        .trim();
      const wanted = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
      const canvas = document.querySelector(`#${id} canvas`);
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const { data: bytes } = copy.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let k = 0; k < bytes.length; k += 4) {
        if (bytes[k + 3] > 250 && wanted.every((value, channel) => Math.abs(bytes[k + channel] - value) <= 6))
          count += 1;
      }
      return count;
    },
    [colour, chart],
  );
}

// The frontier point of a strategy farthest from any other, in page coordinates and with its index in the data.
function loneliestPoint(page, strategy) {
  return page.evaluate((wanted) => {
    const { chart } = window.helixsim;
    chart.getDom().scrollIntoView({ block: 'center' });
    const drawn = chart
      .getOption()
      .series.filter((series) => String(series.id).startsWith('frontier/') && series.symbol !== 'none');
    const pixels = drawn.flatMap((series) =>
      series.data
        .map((row) => row.value || row)
        .map((row) => ({ id: series.id, index: row[2], at: chart.convertToPixel('grid', row.slice(0, 2)) })),
    );
    const { id, run } = window.helixsim.view().series.find((series) => series.strategy === wanted);
    const apart = (a, b) => Math.hypot(a.at[0] - b.at[0], a.at[1] - b.at[1]);
    const room = (point) => Math.min(...pixels.filter((other) => other !== point).map((other) => apart(point, other)));
    const best = pixels.filter((point) => point.id === id).sort((a, b) => room(b) - room(a))[0];
    const frame = chart.getDom().getBoundingClientRect();
    const position = drawn.find((series) => series.id === id).data.findIndex((row) => (row.value || row)[2] === best.index);
    return {
      index: best.index,
      position,
      run,
      x: frame.left + best.at[0],
      y: frame.top + best.at[1],
      room: room(best),
    };
  }, strategy);
}

async function hover(page, point) {
  await page.mouse.move(point.x + 40, point.y + 40);
  await page.mouse.move(point.x + 1, point.y + 1);
  await page.mouse.move(point.x, point.y);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('#pareto .tip')].some(
      (tip) => tip.offsetParent && getComputedStyle(tip).visibility === 'visible',
    ),
  );
}

const tooltip = (page) =>
  page.evaluate(() => {
    const tip = document.querySelector('#pareto .tip');
    const { left, top, right, bottom } = tip.getBoundingClientRect();
    return { text: tip.innerText.replaceAll('\u00a0', ' '), box: { left, top, right, bottom } };
  });

// Where the legend's text of that name really is, in page coordinates.
function legendEntry(page, name) {
  return page.evaluate((wanted) => {
    const { chart } = window.helixsim;
    const text = chart
      .getZr()
      .storage.getDisplayList(true)
      .find((shape) => shape.style && shape.style.text === wanted);
    const box = text.getBoundingRect().clone();
    if (text.transform) box.applyTransform(text.transform);
    chart.getDom().scrollIntoView({ block: 'center' });
    const frame = chart.getDom().getBoundingClientRect();
    return { x: frame.left + box.x + box.width / 2, y: frame.top + box.y + box.height / 2 };
  }, name);
}

function pointOf(report, shown, run, index) {
  const cell = report.views.find(
    (candidate) =>
      candidate.model === shown.model &&
      candidate.context_tokens === shown.context_tokens &&
      (candidate.run || '') === run,
  );
  const [, tpa, kvp, dp, tpf, ep, pp, gpus] = cell.layouts[cell.points.layout[index]];
  return {
    words: `TPA ${tpa} · KVP ${kvp} · DP ${dp} · TPF ${tpf} · EP ${ep} · PP ${pp} · ${gpus} GPU`,
    ttl: cell.points.ttl_us[index],
    batch: cell.points.batch[index],
  };
}

const sameWords = (text) => text.replace(/\s+/g, ' ');
const milliseconds = (us) =>
  (us >= 1e7
    ? Math.round(us / 1000).toLocaleString('en-US')
    : (us / 1000).toLocaleString('en-US', { minimumSignificantDigits: 4, maximumSignificantDigits: 4 })) + ' ms';

const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// A view in which Helix has a frontier, as a link.
function helixView(report) {
  const cell =
    report.views.find(
      (candidate) =>
        candidate.model === 'deepseek-r1' && candidate.context_tokens === 1000000 && candidate.frontier.helix?.length,
    ) || report.views.find((candidate) => candidate.frontier.helix?.length);
  return { model: cell.model, context: cell.context_tokens };
}

// ---- Checks of any report ---------------------------------------------------------------------------------------

function checkReport(title, findUrl) {
  describe(title, () => {
    let url;
    let report;
    let helix;
    before(async () => {
      url = findUrl();
      report = await withPage(url, {}, data);
      helix = helixView(report);
    });

    test('opens quietly on DeepSeek-R1 at 1M, normalised and linear', () =>
      withPage(url, {}, async (page) => {
        const shown = await view(page);
        const models = report.views.map((cell) => cell.model);
        assert.equal(shown.model, models.includes('deepseek-r1') ? 'deepseek-r1' : models[0]);
        const contexts = report.views.filter((cell) => cell.model === shown.model).map((cell) => cell.context_tokens);
        assert.equal(shown.context_tokens, contexts.includes(1000000) ? 1000000 : Math.max(...contexts));
        assert.deepEqual([shown.axes, shown.scale], ['normalised', 'linear']);
        assert.equal(await page.title(), report.title);
        assert.match(await page.textContent('#counts'), new RegExp(report.counts.simulated.toLocaleString('en-US')));
        await screenshot(page, `${title}-1280-light`);
      }));

    test('draws every frontier point and every other point of every view', () =>
      withPage(url, {}, async (page) => {
        for (const cell of report.views) {
          await press(page, 'models', cell.model);
          await press(page, 'contexts', cell.context_tokens);
          const shown = await view(page);
          assert.deepEqual([shown.model, shown.context_tokens], [cell.model, cell.context_tokens]);
          const drawn = await page.evaluate(() =>
            Object.fromEntries(
              window.helixsim.chart.getOption().series.map((series) => [series.id, series.data.length]),
            ),
          );
          const mine = shown.series.filter((series) => series.run === (cell.run || ''));
          const strategies = Object.keys(cell.frontier).filter(
            (name) => name !== 'overall' && cell.frontier[name].length,
          );
          for (const name of strategies) {
            const series = mine.find((candidate) => candidate.strategy === name);
            assert.equal(
              drawn[series.id],
              cell.frontier[name].length,
              `${name} of ${cell.model} at ${cell.context_tokens}`,
            );
          }
          const onFrontier = new Set(
            strategies.filter((name) => name !== 'baseline').flatMap((name) => cell.frontier[name]),
          );
          const inClouds = mine.reduce((sum, series) => sum + (drawn[series.id.replace('frontier', 'cloud')] || 0), 0);
          assert.equal(inClouds, cell.points.ttl_us.length - onFrontier.size);
        }
      }));

    test('paints the Helix frontier and the bars', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        assert.ok((await painted(page, 'helix')) > 300, 'Helix frontier');
        assert.ok((await painted(page, 'attention', 'breakdown')) > 300, 'attention in the bars');
      }));

    test('draws intervals where errors are known, and nothing of them elsewhere', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        for (const cell of report.views.filter((one) => one.context_tokens === helix.context)) {
          await press(page, 'models', cell.model);
          const errors = cell.frontier_error;
          const bars = await page.evaluate(() =>
            window.helixsim.chart
              .getOption()
              .series.filter((series) => String(series.id).startsWith('errors/'))
              .map((series) => series.data.length),
          );
          const withPoints = Object.keys(cell.frontier).filter(
            (name) => !['baseline', 'overall'].includes(name) && cell.frontier[name].length,
          );
          assert.equal(bars.length, errors ? withPoints.length : 0);
          assert.ok(bars.every((count) => count > 0 && count <= 24), String(bars));
          assert.equal((await page.textContent('#pareto-note')).includes('90 % intervals'), Boolean(errors));
          assert.equal((await page.textContent('#ends')).includes('\u00b1'), Boolean(errors));
          if (!(await page.isVisible('#frontier-table'))) await page.click('#frontier-summary');
          const heads = await page.locator('#frontier-table th').allTextContents();
          assert.equal(heads.includes('TTL 90 %, ms'), Boolean(errors));
          if (!errors) continue;
          const second = await page.locator('#frontier-table tbody tr').nth(1).textContent();
          assert.match(second, /~ [\d.]+ to [\d.]+/); // place 1 is unsure
          await page.click('#copy-csv');
          await page.waitForFunction(() => document.getElementById('copy-status').textContent !== '');
          const [head, first, next] = (await page.inputValue('#csv')).split('\n').map((line) => line.split(','));
          const cellOf = (line, name) => line[head.indexOf(name)];
          const ttl = Number(cellOf(first, 'ttl_us'));
          const factor = Math.exp(1.6448536269514722 * errors.helix.log_sd[0]);
          assert.ok(Math.abs(Number(cellOf(first, 'ttl_high_us')) / (ttl * factor) - 1) < 1e-5);
          assert.ok(Math.abs(Number(cellOf(first, 'ttl_low_us')) / (ttl / factor) - 1) < 1e-5);
          assert.deepEqual([cellOf(first, 'order'), cellOf(next, 'order')], ['sure', 'unsure']);
        }
      }));

    test('tells the layout and the TTL of the point under the pointer', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        const target = await loneliestPoint(page, 'helix');
        await hover(page, target);
        const { text, box } = await tooltip(page);
        const point = pointOf(report, await view(page), target.run, target.index);
        assert.ok(sameWords(text).includes(point.words), `${point.words} in ${text}`);
        assert.ok(text.includes(milliseconds(point.ttl)), `${milliseconds(point.ttl)} in ${text}`);
        assert.match(text, /tokens\/s\/user[\s\S]*tokens\/s\/GPU[\s\S]*GB[\s\S]*Hidden communication/);
        assert.ok(box.left >= 0 && box.top >= 0 && box.right <= 1280 && box.bottom <= 900, JSON.stringify(box));
        await screenshot(page, `${title}-hover`);
      }));

    test('a click on the legend switches a strategy off and on', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        const { name } = (await view(page)).series.find((series) => series.strategy === 'helix');
        const selected = () =>
          page.evaluate((wanted) => window.helixsim.chart.getOption().legend[0].selected[wanted], name);
        const before = await painted(page, 'helix');
        const at = await legendEntry(page, name);
        await page.mouse.click(at.x, at.y);
        await settled(page);
        assert.equal(await selected(), false);
        assert.equal((await view(page)).series.find((series) => series.name === name).shown, false);
        const without = await painted(page, 'helix');
        assert.ok(without < before / 4, `${without} of ${before} pixels left`);
        const again = await legendEntry(page, name);
        await page.mouse.click(again.x, again.y);
        await page.mouse.move(5, 5);
        await settled(page);
        assert.equal(await selected(), true);
        assert.equal(await painted(page, 'helix'), before);
      }));

    test('remembers the view in the address', async () => {
      const last = report.views[report.views.length - 1];
      const address = await withPage(url, {}, async (page) => {
        await press(page, 'models', last.model);
        await press(page, 'contexts', last.context_tokens);
        await press(page, 'axes', 'absolute');
        await press(page, 'scale', 'log');
        await press(page, 'parts', 'percent');
        await page.uncheck('#cloud');
        return page.url();
      });
      await withPage(address, {}, async (page) => {
        const shown = await view(page);
        assert.deepEqual(
          [shown.model, shown.context_tokens, shown.axes, shown.scale, shown.parts, shown.cloud],
          [last.model, last.context_tokens, 'absolute', 'log', 'percent', false],
        );
        assert.equal(await page.isChecked('#cloud'), false);
      });
    });

    test('has a log scale', () =>
      withPage(url, { hash: hashOf({ ...helix, scale: 'log' }) }, async (page) => {
        assert.deepEqual(
          await page.evaluate(() => ['xAxis', 'yAxis'].map((axis) => window.helixsim.chart.getOption()[axis][0].type)),
          ['log', 'log'],
        );
        assert.ok((await painted(page, 'helix')) > 300);
        await screenshot(page, `${title}-log`);
        await press(page, 'scale', 'linear');
        assert.equal(await page.evaluate(() => window.helixsim.chart.getOption().xAxis[0].type), 'value');
      }));

    test('a click on a frontier point selects its bar', () =>
      withPage(url, { hash: hashOf({ ...helix, frontier: 'baseline' }) }, async (page) => {
        const target = await loneliestPoint(page, 'helix');
        await page.mouse.click(target.x, target.y);
        await settled(page);
        const shown = await view(page);
        assert.deepEqual([shown.frontier, shown.point], ['helix', target.position]);
        const point = pointOf(report, shown, target.run, target.index);
        assert.ok(sameWords((await page.innerText('#selected-point')).replaceAll('\u00a0', ' ')).includes(point.words));
        assert.ok(
          await page.evaluate(() => {
            const box = document.getElementById('breakdown').getBoundingClientRect();
            return box.top >= 0 && box.bottom <= window.innerHeight;
          }),
        );
        await screenshot(page, `${title}-selected`);
      }));

    test('zooms into a dragged box and back', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        const frame = await page.evaluate(() => {
          window.helixsim.chart.getDom().scrollIntoView({ block: 'center' });
          return window.helixsim.chart.getDom().getBoundingClientRect().toJSON();
        });
        const extent = () =>
          page.evaluate(() =>
            ['xAxis', 'yAxis'].map((axis) => {
              const { min, max } = window.helixsim.chart.getOption()[axis][0];
              return [min, max];
            }),
          );
        const whole = await extent();
        await page.mouse.move(frame.left + 300, frame.top + 200);
        await page.mouse.down();
        await page.mouse.move(frame.left + 400, frame.top + 260);
        await page.mouse.move(frame.left + 600, frame.top + 400);
        await page.mouse.up();
        await settled(page);
        const zoomed = await extent();
        assert.ok(
          zoomed.every(([low, high], axis) => low > whole[axis][0] && high < whole[axis][1]),
          JSON.stringify([whole, zoomed]),
        );
        await page.mouse.dblclick(frame.left + 500, frame.top + 300);
        await settled(page);
        assert.deepEqual(await extent(), whole);
      }));

    test('lists claims, assumptions, warnings and the frontier', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        assert.equal(await page.locator('#claims tbody tr').count(), report.claims.length);
        assert.equal(await page.isVisible('#claims'), report.claims.length > 0);
        for (const name of ['assumptions', 'warnings']) {
          assert.deepEqual(await page.locator(`#${name} li`).allTextContents(), report[name]);
          assert.equal(await page.isVisible(`#${name}`), report[name].length > 0);
        }
        await page.click('#frontier-summary');
        const shown = await view(page);
        const points = report.views.find(
          (cell) =>
            cell.model === shown.model && cell.context_tokens === shown.context_tokens && cell.frontier.helix?.length,
        ).frontier.helix;
        assert.equal(await page.locator('#frontier-table tbody tr').count(), points.length);
        await page.click('#copy-csv');
        await page.waitForFunction(() => document.getElementById('copy-status').textContent !== '');
        const lines = (await page.inputValue('#csv')).trimEnd().split('\n');
        assert.equal(lines.length, points.length + 1);
        assert.equal(lines[1].split(',').length, lines[0].split(',').length);
      }));

    test('fits a narrow screen, tooltip included', () =>
      withPage(url, { width: 420, height: 800, hash: hashOf(helix) }, async (page) => {
        assert.ok((await overflow(page)) <= 0, `${await overflow(page)} px too wide`);
        await screenshot(page, `${title}-420-light`);
        const target = await loneliestPoint(page, 'helix');
        await hover(page, target);
        const { box } = await tooltip(page);
        assert.ok(box.left >= 0 && box.right <= 420 && box.top >= 0 && box.bottom <= 800, JSON.stringify(box));
        assert.ok((await overflow(page)) <= 0);
      }));

    test('follows a dark scheme', () =>
      withPage(url, { scheme: 'dark', hash: hashOf(helix) }, async (page) => {
        const paper = () =>
          page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number));
        assert.ok((await paper()).every((channel) => channel < 60));
        assert.ok((await painted(page, 'helix')) > 300);
        await screenshot(page, `${title}-1280-dark`);
        await page.emulateMedia({ colorScheme: 'light' });
        await settled(page);
        assert.ok((await paper()).every((channel) => channel > 200));
        assert.ok((await painted(page, 'helix')) > 300, 'drawn again in the light colours');
      }));

    test('saves the chart as an image', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-image')]);
        assert.match(download.suggestedFilename(), /^helixsim-[\w.-]+\.png$/);
      }));

    test('controls are reached and worked by keyboard', () =>
      withPage(url, { hash: hashOf(helix) }, async (page) => {
        await page.focus('#scale button:last-child');
        await page.keyboard.press('Enter');
        await settled(page);
        assert.equal((await view(page)).scale, 'log');
        assert.equal(await page.getAttribute('#scale button:last-child', 'aria-pressed'), 'true');
        const box = page.locator('#ends input').first();
        await box.focus();
        await page.keyboard.press('Space');
        await settled(page);
        assert.equal((await view(page)).series[0].shown, false);
        assert.equal(await page.evaluate(() => document.activeElement.type), 'checkbox');
      }));
  });
}

checkReport('fixture', () => writePage('fixture.html', makeFixture()));
if (process.env.HELIXSIM_REPORT) checkReport('report', () => pathToFileURL(resolve(process.env.HELIXSIM_REPORT)).href);

// ---- Checks that need a made-up report --------------------------------------------------------------------------

test('hostile names stay text', () => {
  const fixture = makeFixture();
  Object.assign(fixture, { title: HOSTILE, system: HOSTILE, assumptions: [HOSTILE] });
  return withPage(
    writePage('hostile.html', fixture),
    { hash: hashOf({ model: HOSTILE, context: 64000 }) },
    async (page) => {
      assert.equal(await page.textContent('#title'), HOSTILE);
      assert.equal(await page.title(), HOSTILE);
      assert.equal((await view(page)).model, HOSTILE);
      await hover(page, await loneliestPoint(page, 'helix'));
      assert.equal(await page.locator('b, img, i').count(), 0);
      assert.equal(await page.locator('script').count(), 3);
    },
  );
});

test('runs overlay, a missing baseline and an empty view', () =>
  withPage(writePage('overlay.html', makeOverlayFixture()), {}, async (page) => {
    const shown = await view(page);
    const names = shown.series.map((series) => series.name);
    for (const name of ['nvl72: Helix', '<b>slow</b> links: Helix', 'nvl72: Baseline'])
      assert.ok(names.includes(name), name);
    assert.equal(shown.normalised, true);
    assert.equal(await page.isVisible('#claims'), false);
    await screenshot(page, 'overlay');

    await press(page, 'contexts', 2000000);
    assert.equal((await view(page)).normalised, false);
    assert.match(await page.textContent('#pareto-note'), /No baseline point is feasible/);
    assert.match(await page.evaluate(() => window.helixsim.chart.getOption().xAxis[0].name), /tokens\/s\/user/);

    await press(page, 'contexts', 4000000);
    assert.match(await page.textContent('#pareto-empty'), /No layout is feasible/);
    assert.equal(await page.isVisible('#breakdown'), false);

    await press(page, 'contexts', 1000000);
    assert.equal(await page.isVisible('#breakdown'), true);
    assert.ok((await painted(page, 'helix')) > 300);
  }));

test('a report without any view says so', () => {
  const fixture = { ...makeFixture(), views: [], claims: [] };
  return withPage(writePage('nothing.html', fixture), {}, async (page) => {
    assert.match(await page.textContent('#pareto-empty'), /no results/);
    assert.equal(await page.isVisible('#models'), false);
  });
});
