import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { isWithin } from '@markco/testing/is-within';
import { redisServer, startRedis, type TestRedis } from '@markco/testing/redis';
import { converged, until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RelayProcess } from '../lib/relay-process.ts';
import { SeededRandom } from '../lib/seeded-random.ts';
import { storedDocument, textOf, untilContent } from '../lib/stored-document.ts';
import { TokenLedger } from '../lib/token-ledger.ts';
import { type TypedDocument, Typist } from '../lib/typist.ts';

/** Two real relay processes on one Postgres and one Redis. */
describe.skipIf(!redisServer)('two relay processes', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  const nodes: RelayProcess[] = [];
  const typists: Typist[] = [];
  const random = new SeededRandom('two relay processes');
  let typing: NodeJS.Timeout | null = null;
  let names = 0;
  let ledger: TokenLedger;
  let ref: TypedDocument;

  beforeEach(async () => {
    [database, redis] = await Promise.all([testDatabase(), startRedis()]);
    ledger = new TokenLedger();
    ref = await makeDocument(database.db);
  });
  afterEach(async () => {
    stopTyping();
    for (const typist of typists.splice(0)) typist.destroy();
    await Promise.all(nodes.splice(0).map((node) => node.end('SIGKILL')));
    await redis.stop();
    await database.drop();
  });

  async function startNode(): Promise<RelayProcess> {
    const node = new RelayProcess({ databaseUrl: database.url, port: await freePort(), env: { REDIS_URL: redis.url } });
    nodes.push(node);
    return node.ready();
  }

  /** What `/readyz` says of the others. */
  const seen = async (node: RelayProcess): Promise<{ bus: string; others: number }> =>
    ((await (await fetch(`http://127.0.0.1:${node.port}/readyz`)).json()) as { nodes: { bus: string; others: number } }).nodes;
  async function untilSeen(node: RelayProcess, wanted: Partial<{ bus: string; others: number }>): Promise<void> {
    let now: Record<string, unknown> = {};
    const matches = () => Object.entries(wanted).every(([key, value]) => now[key] === value);
    await until(matches, 120_000, `a node to say ${JSON.stringify(wanted)}`, async () => {
      now = await seen(node);
    });
  }
  async function startTwo(): Promise<[RelayProcess, RelayProcess]> {
    const pair = await Promise.all([startNode(), startNode()]);
    await Promise.all(pair.map((node) => untilSeen(node, { bus: 'up', others: 1 })));
    return pair;
  }

  function seat(port: () => number): Typist {
    const typist = new Typist({ ref, port, name: `t${names++}`, ledger, random });
    typists.push(typist);
    return typist;
  }
  function startTyping(): void {
    typing ??= setInterval(() => random.pick(typists).type(), 4);
  }
  function stopTyping(): void {
    if (typing) clearInterval(typing);
    typing = null;
  }
  const untilSaved = async (more: number) => {
    const target = ledger.saved + more;
    await until(() => ledger.saved >= target, 120_000, `${more} more edits to be saved`);
  };
  /** Nobody types any more: everyone and Postgres come to hold the same, and what was promised. */
  async function settle(): Promise<void> {
    stopTyping();
    await until(() => typists.every(({ isSaved }) => isSaved), 120_000, 'everyone to be told "Saved"');
    const text = await converged(
      typists.map(({ doc }) => doc),
      120_000,
    );
    const stored = await storedDocument(database.db, ref.documentId);
    expect(textOf(stored)).toBe(text);
    expect(ledger.faults(text)).toEqual([]);
    for (const { doc } of typists) {
      expect(isWithin(doc, stored)).toBe(true);
      expect(doc.store.pendingStructs).toBeNull();
    }
    await untilContent(database.db, ref.documentId, text);
  }

  it('SY18, SY10: typists on both converge, while both fold the log', async () => {
    const [a, b] = await startTwo();
    for (let i = 0; i < 6; i++) seat(() => [a, b][i % 2]!.port);
    startTyping();
    await untilSaved(1_400);
    await settle();
    const row = await database.db.document.findUniqueOrThrow({ where: { id: ref.documentId } });
    expect(row.yjsState).not.toBeNull();
    expect(row.logRows).toBe(await database.db.documentUpdate.count({ where: { documentId: ref.documentId } }));
  });

  it('SY18: a joiner of one sees at once what the other showed, and cursors cross', async () => {
    const [a, b] = await startTwo();
    const writer = seat(() => a.port);
    const watcher = seat(() => a.port);
    await until(() => writer.isSaved && watcher.isSaved);
    const tokens = Array.from({ length: 20 }, () => writer.insert());
    await until(() => tokens.every((token) => watcher.text.toString().includes(token)));
    const joiner = seat(() => b.port);
    await until(() => joiner.connection.status.synced);
    expect(joiner.text.toString()).toBe(writer.text.toString());
    joiner.insert();
    await settle();
  });

  it('SY18, SY4, SY5: kill -9 of one under typing loses nothing; its people go on at the other', async () => {
    const [a, b] = await startTwo();
    const nowhere = await freePort();
    let node = a;
    let home = () => node.port;
    const moving = Array.from({ length: 3 }, () => seat(() => home()));
    const staying = Array.from({ length: 3 }, () => seat(() => b.port));
    for (let round = 0; round < 2; round++) {
      startTyping();
      await untilSaved(150);
      home = () => nowhere;
      await node.end('SIGKILL');
      stopTyping();
      // Whoever was at the other one is told of everything; the rest are cut off.
      const quiet = () => [...moving, ...staying].every(({ isCutOff, isSaved }) => isCutOff || isSaved);
      await until(quiet, 120_000, 'everyone to be saved or cut off');
      // Nobody could send anything again yet: what was promised is in Postgres.
      expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
      home = () => b.port;
      startTyping();
      await untilSaved(100);
      node = await startNode();
      home = () => node.port;
      moving.push(seat(() => home()));
    }
    await settle();
  });

  it.each(['killed', 'stopped'] as const)(
    'SY18: Redis %s for seconds: edits are saved and come over meanwhile, nothing is missing after',
    async (how) => {
      const [a, b] = await startTwo();
      for (let i = 0; i < 4; i++) seat(() => [a, b][i % 2]!.port);
      startTyping();
      await untilSaved(100);
      if (how === 'killed') await redis.kill();
      else redis.pause();
      await Promise.all([a, b].map((node) => untilSeen(node, { bus: 'down' })));
      await untilSaved(200);
      const marked = typists[0]!.insert();
      await until(() => typists[1]!.text.toString().includes(marked), 120_000, 'an edit to come over without Redis');
      if (how === 'killed') await redis.start();
      else redis.resume();
      await Promise.all([a, b].map((node) => untilSeen(node, { bus: 'up', others: 1 })));
      await untilSaved(100);
      await settle();
    },
  );

  it('SY18: without Redis at the start both work, say so, and find each other when it is there', async () => {
    await redis.kill();
    const [a, b] = await Promise.all([startNode(), startNode()]);
    expect(await seen(a)).toMatchObject({ bus: 'down' });
    const [one, two] = [seat(() => a.port), seat(() => b.port)];
    await until(() => one.isSaved && two.isSaved);
    const token = one.insert();
    await until(() => two.text.toString().includes(token), 120_000, 'an edit to come over without Redis');
    await until(() => a.log.includes('Redis cannot be reached'), 120_000, 'the log to say so');
    await redis.start();
    await Promise.all([a, b].map((node) => untilSeen(node, { bus: 'up', others: 1 })));
    two.insert();
    await settle();
  });
});
