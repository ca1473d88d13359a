import { readEnv } from './config/env.ts';
import { DEFAULT_SERVER } from './config/settings.ts';
import { createLog, reason } from './log.ts';
import { createBoxDriver } from './runtimes/sandbox/box-driver.ts';
import { createPyodideDriver } from './runtimes/sandbox/pyodide-driver.ts';
import { Worker } from './worker/worker.ts';

const env = readEnv();
const log = createLog(env.LOG_LEVEL, { service: 'worker' });

async function main(): Promise<void> {
  if (!env.MARKCO_WORKER_TOKEN) throw new Error('MARKCO_WORKER_TOKEN is missing. Make one with "markco admin token create" and set it.');
  const worker = new Worker({
    server: env.MARKCO_SERVER ?? DEFAULT_SERVER,
    token: env.MARKCO_WORKER_TOKEN,
    ...(env.MARKCO_AGENT_DIR && { dir: env.MARKCO_AGENT_DIR }),
    driver: env.MARKCO_WORKER_DRIVER === 'bubblewrap' ? createBoxDriver(env.MARKCO_WORKER_PYTHON) : createPyodideDriver(),
    maxSandboxes: env.MARKCO_WORKER_MAX_SANDBOXES,
    idleMs: env.MARKCO_WORKER_IDLE_MINUTES * 60_000,
    log,
  });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await worker.start();
  log.info({ pid: process.pid }, 'the worker is running');
  await stopped;
  await worker.stop();
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    log.error({ reason: reason(error) }, 'the worker ended');
    process.exit(1);
  },
);
