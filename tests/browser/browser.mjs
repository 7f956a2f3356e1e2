// What the browser tests share.
//
//   CHROMIUM                  the browser, /usr/bin/chromium when unset
//   HELIXSIM_REQUIRE_BROWSER  1: a missing browser, library or file is a failure and not a skip
//   HELIXSIM_SCREENSHOTS      a folder to write pictures of the pages to

import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WEB = new URL('../../tools/web/', import.meta.url);
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// A file of a library that npm ci fetches.
export const libraryFile = (path) => fileURLToPath(new URL(`node_modules/${path}`, WEB));

// Ends the program, visibly, unless the browser and all `files` ([path, what it is]) are there.
export function needBrowserAnd(...files) {
  const missing = [
    [CHROMIUM, 'a browser'],
    [libraryFile('playwright-core'), 'playwright-core (npm ci in tools/web)'],
    ...files,
  ].filter(([path]) => !existsSync(path));
  if (!missing.length) return;
  const required = process.env.HELIXSIM_REQUIRE_BROWSER === '1';
  console.log(
    `${required ? 'failed' : 'skipped'}: ${missing.map(([path, what]) => `${what} not found at ${path}`).join('; ')}`,
  );
  process.exit(required ? 1 : 0);
}

// Call needBrowserAnd first. `flags` come after the common ones.
export function launchBrowser(flags = []) {
  const { chromium } = createRequire(new URL('package.json', WEB))('playwright-core');
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
}

export async function screenshot(page, name) {
  const folder = process.env.HELIXSIM_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, name + '.png') });
}
