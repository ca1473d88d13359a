import type { IncomingMessage, ServerResponse } from 'node:http';
import { migrationsPending } from '@markco/db/migrate';
import type { Resources } from '../resources.ts';
import { sendJson } from './respond.ts';

const WITHIN_MS = 2_000;

type Check = { ok: boolean; message?: string };

/** OP4: `/healthz` says that the process lives, `/readyz` that it can serve. `/metrics` is for who reaches the process itself. */
export async function handleHealth(
  resources: Resources,
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
  stopping: boolean,
): Promise<boolean> {
  if (path === '/healthz') {
    sendJson(res, 200, { ok: true });
    return true;
  }
  if (path === '/readyz') {
    const checks = await readiness(resources, stopping);
    sendJson(res, Object.values(checks).every((check) => check.ok) ? 200 : 503, {
      ready: Object.values(checks).every((check) => check.ok),
      checks,
    });
    return true;
  }
  if (path === '/metrics' && req.headers['x-forwarded-for'] === undefined) {
    res
      .writeHead(200, { 'content-type': resources.metrics.contentType, 'cache-control': 'no-store' })
      .end(await resources.metrics.metrics());
    return true;
  }
  return false;
}

/** What serving needs, each with what is wrong in words. */
export async function readiness(resources: Resources, stopping = false): Promise<Record<string, Check>> {
  const migrations = async () => {
    const pending = await migrationsPending(resources.db);
    if (pending.length > 0) throw new Error(`${pending.length} migrations are not applied yet`);
  };
  const [database, schema, bus] = await Promise.all([
    check(resources.db.$queryRaw`SELECT 1`, 'The database does not answer.'),
    check(migrations(), 'The database is not up to date, or cannot be asked.'),
    check(resources.bus.ping(), 'The event bus does not answer.'),
  ]);
  return { process: stopping ? { ok: false, message: 'The process is stopping.' } : { ok: true }, database, migrations: schema, bus };
}

async function check(work: Promise<unknown>, message: string): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), WITHIN_MS);
  });
  try {
    await Promise.race([work, late]);
    return { ok: true };
  } catch {
    return { ok: false, message };
  } finally {
    clearTimeout(timer);
  }
}
