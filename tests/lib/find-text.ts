import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RunWorld } from './run-world.ts';

/** Everywhere a text has been kept: tables, the database's own files (its write-ahead log holds what was deleted since), folders, logs, the document. */
export async function findText(world: RunWorld, text: string): Promise<string[]> {
  const files = await Promise.all([world.root, world.postgres?.dataDir].map((folder) => (folder ? filesWith(folder, text) : [])));
  const { webs, agent, worker, relay } = world;
  const logs = [...webs.map((web, i) => [`web ${i}`, web.log]), ['agent', agent.log], ['worker', worker?.log ?? ''], ['relay', relay.log]];
  return [
    ...(await tablesWith(world, text)),
    ...files.flat(),
    ...logs.filter(([, log]) => log!.includes(text)).map(([name]) => `log of ${name}`),
    ...(world.notebook.text.toString().includes(text) ? ['the document'] : []),
  ];
}

/** Tables with a row that holds the text, as text or in bytes. */
async function tablesWith({ db }: RunWorld, text: string): Promise<string[]> {
  const tables = await db.$queryRaw<{ name: string }[]>`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`;
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await db.$queryRawUnsafe<{ n: number }[]>(
      `SELECT count(*)::int AS n FROM "${name}" AS t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'`,
      text,
      Buffer.from(text).toString('hex'),
    );
    if (row!.n > 0) found.push(`table ${name}`);
  }
  return found;
}

async function filesWith(folder: string, text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('grep', ['-rlaF', '--', text, folder], { maxBuffer: 16 * 1024 * 1024 }).catch(
    (error: { stdout?: string; code?: number; message: string }) => {
      // 1: nothing found; 2: among other things a file that went away meanwhile.
      if (error.code === 1 || error.code === 2) return { stdout: error.stdout ?? '' };
      throw error;
    },
  );
  return stdout.split('\n').filter(Boolean);
}
