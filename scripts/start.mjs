/** `npm start`: everything from a fresh clone to a running installation, without a question asked. See docs/architecture.md, Processes. */
import { ensureBuilt, ensureGenerated } from './lib/ensure-built.mjs';
import { ensureInstalled } from './lib/ensure-installed.mjs';

const dev = process.argv.includes('--dev');
await ensureInstalled();
if (dev) await ensureGenerated();
else await ensureBuilt();
const { register } = await import('tsx/esm/api');
register();
const { supervise } = await import('./supervisor/supervise.ts');
await supervise({ dev, lan: process.argv.includes('--lan') });
