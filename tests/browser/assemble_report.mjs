// Puts the report page together as the C++ program does: one pass over the template, so that a marker inside a part is
// left alone. `node assemble_report.mjs OUT.html` writes the fixture's page.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeFixture } from './make_fixture.mjs';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

const escapeHtml = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);

export function assembleReport(report) {
  const parts = {
    '/*{{css}}*/': read('sim/report/web/report.css'),
    '/*{{echarts}}*/': read('tools/web/node_modules/echarts/dist/echarts.min.js'),
    '/*{{script}}*/': read('sim/report/web/report.js'),
    '{{data}}': JSON.stringify(report).replaceAll('<', '\\u003c'),
    '{{title}}': escapeHtml(report.title),
  };
  return read('sim/report/web/report.html').replace(/\/\*\{\{\w+\}\}\*\/|\{\{\w+\}\}/g, (marker) => parts[marker]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(process.argv[2], assembleReport(makeFixture()));
