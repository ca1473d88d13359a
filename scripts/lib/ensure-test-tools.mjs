import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { say, step } from './say.mjs';

const BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const CACHE = join(ROOT, '.cache');

const isRoot = () => process.getuid?.() === 0;
const hasApt = () => existsSync('/usr/bin/apt-get');
let aptUpdated = false;

/** Installs Debian packages; false where that is not possible here (no apt, not root, no network). */
async function apt(...packages) {
  if (!hasApt() || !isRoot()) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (!aptUpdated) aptUpdated = (await runCommand('apt-get', ['update', '-qq'], { env, quiet: true })).code === 0;
  return (await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, quiet: true })).code === 0;
}

async function playwrightBrowser() {
  const { chromium } = await import('playwright-core');
  const path = chromium.executablePath();
  if (existsSync(path)) return path;
  return null;
}

/** @returns {Promise<string | null>} the path of a Chromium, installed where there was none; null where none can be had */
export async function ensureBrowser() {
  const found = process.env.MARKCO_TEST_BROWSER ?? BROWSERS.find((path) => existsSync(path)) ?? (await playwrightBrowser());
  if (found && existsSync(found)) return found;
  return step('Installing a browser for the browser tests', async () => {
    const cli = join(ROOT, 'node_modules/playwright-core/cli.js');
    const download = await runCommand(process.execPath, [cli, 'install', 'chromium'], {
      quiet: true,
      env: { ...process.env, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '15000' },
    });
    if (download.code === 0) {
      const path = await playwrightBrowser();
      if (path) return path;
    }
    return (await apt('chromium')) && existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : null;
  });
}

const canPlot = async (python) =>
  existsSync(python) && (await runCommand(python, ['-c', 'import matplotlib, IPython'], { quiet: true })).code === 0;

/** @returns {Promise<string | null>} a Python with matplotlib and IPython, installed where there was none; null where none can be had */
export async function ensurePlottingPython() {
  const venv = join(CACHE, 'python', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const candidates = [process.env.MARKCO_TEST_PYTHON, venv, '/usr/bin/python3'].filter(Boolean);
  for (const python of candidates) if (await canPlot(python)) return python;
  return step('Installing matplotlib and IPython for the plotting tests', async () => {
    const made = await runCommand('python3', ['-m', 'venv', join(CACHE, 'python')], { quiet: true }).catch(() => ({ code: 1 }));
    if (made.code === 0) {
      const pip = await runCommand(
        venv,
        ['-m', 'pip', 'install', '-q', '--retries', '1', '--timeout', '15', 'matplotlib', 'ipython', 'pandas'],
        { quiet: true },
      );
      if (pip.code === 0 && (await canPlot(venv))) return venv;
    }
    await apt('python3-matplotlib', 'python3-ipython');
    return (await canPlot('/usr/bin/python3')) ? '/usr/bin/python3' : null;
  });
}

/** @returns {Promise<boolean>} whether bubblewrap is there, installed where it was not (Linux only; elsewhere there is none) */
async function ensureBubblewrap() {
  if (process.platform !== 'linux') return false;
  if (existsSync('/usr/bin/bwrap')) return true;
  return step('Installing bubblewrap for the sandbox tests', async () => (await apt('bubblewrap')) && existsSync('/usr/bin/bwrap'));
}

const REDIS_SERVERS = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'];

/** @returns {Promise<string | null>} the path of a redis-server, installed where there was none; null where none can be had */
async function ensureRedis() {
  const found = [process.env.MARKCO_TEST_REDIS, ...REDIS_SERVERS].find((path) => path && existsSync(path));
  if (found) return found;
  return step('Installing Redis for the tests of several relay processes', async () => {
    return (await apt('redis-server')) && existsSync(REDIS_SERVERS[0]) ? REDIS_SERVERS[0] : null;
  });
}

/** Installs what the tests need and says by name what will be skipped. @returns {Promise<NodeJS.ProcessEnv>} the environment to test in */
export async function ensureTestTools() {
  const browser = await ensureBrowser();
  const python = await ensurePlottingPython();
  const bubblewrap = await ensureBubblewrap();
  const redis = await ensureRedis();
  if (!bubblewrap) say('SKIPPED: sandbox tests inside bubblewrap: it could not be installed here. The same tests run without it.');
  if (!browser) say('SKIPPED: browser tests (tests/e2e): no Chromium could be installed here. Set MARKCO_TEST_BROWSER to one to run them.');
  if (!python)
    say(
      'SKIPPED: plotting tests: no Python with matplotlib and IPython could be installed here. Set MARKCO_TEST_PYTHON to one to run them.',
    );
  if (!redis)
    say(
      'SKIPPED: tests of several relay processes (two-nodes, redis-link): no redis-server could be installed here. Set MARKCO_TEST_REDIS to one to run them.',
    );
  return {
    ...process.env,
    ...(browser ? { MARKCO_TEST_BROWSER: browser } : {}),
    ...(python ? { MARKCO_TEST_PYTHON: python } : {}),
    ...(redis ? { MARKCO_TEST_REDIS: redis } : {}),
  };
}
