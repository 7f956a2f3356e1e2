// Opens a Chrome trace in speedscope, a viewer that people use, in a real browser, and compares what speedscope
// understood with the file.
//
//   HELIXSIM_TRACE            the trace, a .json that the program wrote
//   others, of every browser test: see browser.mjs

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { launchBrowser, libraryFile, needBrowserAnd, screenshot } from './browser.mjs';

const SPEEDSCOPE = libraryFile('speedscope/dist/release/index.html');
const TRACE = process.env.HELIXSIM_TRACE || '';

needBrowserAnd([SPEEDSCOPE, 'speedscope (npm ci in tools/web)'], [TRACE, 'a trace (HELIXSIM_TRACE)']);

const expected = tracksOf(JSON.parse(readFileSync(TRACE, 'utf8')).traceEvents);
let browser, page;
const complaints = [];

before(async () => {
  browser = await launchBrowser(['--enable-unsafe-swiftshader']); // speedscope draws with WebGL
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.on('console', (message) => {
    const driver = /WebGL/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !driver) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on('request', (request) => /^(file|data|blob):/.test(request.url()) || complaints.push(request.url()));
  await page.goto(pathToFileURL(SPEEDSCOPE).href);
  await page.setInputFiles('#file', TRACE);
  await page.getByText(expected[0].title).first().waitFor({ timeout: 60000 });
});

after(() => browser?.close());

// The tracks that hold slices as speedscope shows them: one profile a track, in order of pid and tid.
function tracksOf(events) {
  const name = (kind, event) =>
    events.find((other) => other.name === kind && other.pid === event.pid && (other.tid ?? event.tid) === event.tid)
      .args.name;
  const tracks = new Map();
  for (const event of events.filter(({ ph }) => ph === 'X')) {
    const key = `${event.pid}:${event.tid}`;
    if (!tracks.has(key)) {
      const title = `${name('process_name', event)} (pid ${event.pid}), ${name('thread_name', event)} (tid ${event.tid})`;
      tracks.set(key, { pid: event.pid, tid: event.tid, title, slices: [] });
    }
    tracks.get(key).slices.push(event);
  }
  return [...tracks.values()].sort((a, b) => a.pid - b.pid || a.tid - b.tid);
}

// speedscope's label of a slice.
const labelOf = (slice) => `${slice.name} ${JSON.stringify(slice.args)}`;

// What speedscope made of the trace: its own format, as its Export button saves it.
async function exported() {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Export').click()]);
  return JSON.parse(readFileSync(await download.path(), 'utf8'));
}

test('the trace has processes, tracks and slices', () => {
  assert.ok(expected.length > 1);
  assert.ok(expected.every(({ slices }) => slices.length > 0));
});

test('every process and thread is a profile under its name', async () => {
  const { profiles } = await exported();
  assert.deepEqual(
    profiles.map((profile) => profile.name),
    expected.map((track) => track.title),
  );
});

test('every slice is shown with its name, begin and end, and none lies within another', async () => {
  const { profiles, shared } = await exported();
  for (const [position, profile] of profiles.entries()) {
    assert.equal(profile.unit, 'microseconds');
    const { slices, title } = expected[position];
    const first = slices[0].ts; // speedscope counts each profile's time from its own first slice
    const opened = profile.events.filter(({ type }) => type === 'O');
    assert.equal(opened.length, slices.length, title);
    assert.equal(profile.events.length, 2 * slices.length, title);
    for (const [index, slice] of slices.entries()) {
      const [open, close] = profile.events.slice(2 * index, 2 * index + 2);
      const where = `${title}, slice ${index}`;
      assert.deepEqual([open.type, close.type, open.frame], ['O', 'C', close.frame], where);
      assert.equal(shared.frames[open.frame].name, labelOf(slice), where);
      assert.ok(Math.abs(open.at + first - slice.ts) < 1e-6, where);
      assert.ok(Math.abs(close.at + first - (slice.ts + slice.dur)) < 1e-6, where);
    }
  }
});

test('the page shows a track, the list of all tracks and the frames by name', async () => {
  assert.match(await page.title(), new RegExp(`^${basename(TRACE).replaceAll('.', '\\.')} - speedscope$`));
  await screenshot(page, 'trace-time-order');
  await page.getByText(expected[0].title).first().click();
  for (const { title } of expected.slice(0, 8)) assert.ok(await page.getByText(title).last().isVisible(), title);
  await screenshot(page, 'trace-tracks');
  await page.keyboard.press('Escape');
  await page.getByText('Sandwich').click();
  const totals = new Map(); // slices of one label, such as the chunks of an attention, are one row
  for (const slice of expected[0].slices) {
    totals.set(labelOf(slice), (totals.get(labelOf(slice)) ?? 0) + slice.dur);
  }
  const most = Math.max(...totals.values());
  const labels = [...totals.keys()].filter((label) => totals.get(label) > most - 1e-5); // one of them is on top
  await page.waitForFunction((any) => any.some((label) => document.body.innerText.includes(label)), labels, {
    timeout: 10000,
  });
  await screenshot(page, 'trace-sandwich');
});

test('speedscope complained of nothing and fetched nothing', () => assert.deepEqual(complaints, []));
