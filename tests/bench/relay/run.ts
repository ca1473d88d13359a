import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '@markco/db/client';
import { startEmbeddedPostgres } from '@markco/db/embedded-postgres';
import { migrate } from '@markco/db/migrate';
import { coldOpen, fanOut, median, memoryPerDocument, percentile } from './measure.ts';
import { PEERS, type PeerName, startServer } from './servers.ts';

/**
 * The relay beside its peers: same machine, same client, same Postgres (with fsync), in turns, medians of the rounds. Only MarkCo
 * shows an edit after it is durable. `BENCH_QUICK=1` makes one short round.
 */
const quick = process.env.BENCH_QUICK === '1';
const ROUNDS = quick ? 1 : 3;
const SHAPE = { documents: quick ? 100 : 500, observers: 2, perSecond: 350, seconds: quick ? 5 : 10 };
const EDITS = quick ? 5_000 : 20_000;
const OPEN = quick ? 100 : 400;

interface Result {
  p50: number;
  p99: number;
  delivered: number;
  cold: number;
  memory: number;
}

const dataDir = await mkdtemp(join(tmpdir(), 'markco-bench-pg-'));
const postgres = await startEmbeddedPostgres({ dataDir, maxConnections: 100 });
await migrate(postgres.url);
const db = createDb({ connectionString: postgres.url, applicationName: 'markco-bench' });
const results = new Map<PeerName, Result[]>(PEERS.map((name) => [name, []]));
try {
  const user = await db.user.create({ data: { name: 'Bench' } });
  const project = await db.project.create({ data: { userId: user.id, slug: 'bench', name: 'Bench' } });
  const owner = { userId: user.id, projectId: project.id };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of PEERS) results.get(name)!.push(await measure(name, owner));
  }
} finally {
  await db.$disconnect();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
print();

async function measure(name: PeerName, owner: { userId: string; projectId: string }): Promise<Result> {
  const server = await startServer(name, { url: postgres.url, db }, owner);
  try {
    // Warm code on both sides: the first seconds of a process measure the compiler.
    await fanOut(server, { ...SHAPE, documents: 100, seconds: 4 });
    const latencies = await fanOut(server, SHAPE);
    const memory = await memoryPerDocument(server, OPEN);
    const cold = await coldOpen(server, EDITS);
    const delivered = latencies.length / (SHAPE.perSecond * SHAPE.seconds * SHAPE.observers);
    return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), delivered, cold, memory };
  } finally {
    await server.stop();
  }
}

function print(): void {
  const of = (name: PeerName, key: keyof Result) => median(results.get(name)!.map((result) => result[key]));
  const row = (title: string, cell: (name: PeerName) => string) => console.log(`| ${title} | ${PEERS.map(cell).join(' | ')} |`);
  console.log(`\n### Relay (${cpus().length} cores, Node ${process.version}, medians of ${ROUNDS})\n`);
  row('', (name) => name);
  row('---', () => '---');
  const { documents, observers, perSecond } = SHAPE;
  row(
    `${documents} documents × ${observers + 1} clients, ${perSecond} edits/s: p50 / p99 ms`,
    (name) => `${of(name, 'p50').toFixed(2)} / ${of(name, 'p99').toFixed(2)}`,
  );
  row('of these delivered', (name) => `${(of(name, 'delivered') * 100).toFixed(1)} %`);
  row(`cold open, ${EDITS} edits, ms`, (name) => (Number.isNaN(of(name, 'cold')) ? 'lost edits' : of(name, 'cold').toFixed(0)));
  row('2 KB document and connection, KB', (name) => of(name, 'memory').toFixed(0));
  row('durable before shown', (name) => (name === 'MarkCo' ? 'yes' : 'no'));
}
