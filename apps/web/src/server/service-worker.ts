import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** What the service worker keeps at once: scripts and styles; fonts in the one format every browser here reads. */
const KEPT = /\.(?:js|css|woff2)$/;

function* filesBelow(dir: string): Generator<string> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const full = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(full);
    else yield full;
  }
}

/**
 * WB4: the service worker's source with the build it belongs to. A new build changes its bytes, which is how browsers notice an update.
 * @param dir the folder of the web app; `.next` below it must hold a build
 */
export function serviceWorkerSource(dir: string): string {
  const build = readFileSync(join(dir, '.next/BUILD_ID'), 'utf8').trim();
  const base = join(dir, '.next/static');
  const assets = [...filesBelow(base)]
    .filter((file) => KEPT.test(file))
    .map((file) => `/_next/static/${relative(base, file).split(sep).map(encodeURIComponent).join('/')}`)
    .sort();
  return readFileSync(join(dir, 'src/service-worker/sw.js'), 'utf8')
    .replace('__BUILD__', () => JSON.stringify(build))
    .replace('__ASSETS__', () => JSON.stringify(assets));
}
