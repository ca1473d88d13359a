import { writeUpdate } from '@markco/sync/wire/write-frame';
import * as Y from 'yjs';
import { type Bench, type Row, watchGenerator } from '../row.ts';
import type { BenchDocument } from '../servers/bench-document.ts';
import { type BenchServer, type ServerName, startServer } from '../servers/bench-server.ts';
import { connectBench } from '../wire/bench-client.ts';
import { settled } from '../wire/paced.ts';

const JOINERS = 100;

/** A long document opened on a server that was just started: by one client, and by a hundred at once. */
export const coldOpen: Row = {
  number: 6,
  title: 'cold open of a document of 20,000 edits',
  metrics: [
    { key: 'whole', what: 'until the client has it, ms', goal: { atMost: 150 }, digits: 0 },
    { key: 'bytes', what: 'of these until its bytes were there, ms', digits: 0 },
    { key: 'share', what: "the server's share (CPU), ms", goal: { atMost: 20 }, digits: 0 },
    { key: 'joiners', what: '100 joiners, until all have it, s', goal: { atMost: 1 }, digits: 2 },
    { key: 'reads', what: 'reads of the store for the 100', goal: { atMost: 1 }, digits: 0 },
  ],
  async measure(bench, name) {
    const { server, alone, shared, length, bytes } = await seeded(bench, name);
    await server.restart();
    // The first connection of a process pays for its connections to the database and for compiled code.
    const first = await connectBench((await server.documents(1))[0]!);
    await first.state;
    const one = await openAlone(server, alone, length);
    const busy = watchGenerator();
    const many = await openTogether(server, shared, length);
    const generator = busy();
    first.socket.end();
    const instead = many.reads === undefined ? { reads: 'not told' } : undefined;
    const { reads = Number.NaN, ...rest } = many;
    return {
      figures: { ...one, ...rest, reads },
      ...(instead && { instead }),
      generator,
      remark: `its state is ${Math.round(bytes / 1024)} KB of Yjs V1.`,
    };
  },
};

interface Seeded {
  readonly server: BenchServer;
  readonly alone: BenchDocument;
  readonly shared: BenchDocument;
  /** UTF-16 units of the text. */
  readonly length: number;
  readonly bytes: number;
}

const servers = new Map<ServerName, Promise<Seeded>>();

/** The documents are written once, through the wire, and opened by a new process in each round. */
function seeded(bench: Bench, name: ServerName): Promise<Seeded> {
  const found = servers.get(name);
  if (found) return found;
  const making = seed(bench, name);
  servers.set(name, making);
  return making;
}

async function seed(bench: Bench, name: ServerName): Promise<Seeded> {
  const database = await bench.postgres.database();
  const server = await startServer(name, database);
  bench.onEnd(async () => {
    await server.stop();
    await database.drop();
  });
  const [alone, shared] = await server.documents(2);
  const updates = longHistory(bench.quick ? 5_000 : 20_000);
  for (const document of [alone!, shared!]) await write(document, updates);
  // Peers that store with a delay get their time.
  await new Promise((resolve) => setTimeout(resolve, name === 'MarkCo' ? 1_000 : 12_000));
  const whole = new Y.Doc();
  whole.transact(() => {
    for (const update of updates) Y.applyUpdate(whole, update);
  });
  return {
    server,
    alone: alone!,
    shared: shared!,
    length: whole.getText('content').length,
    bytes: Y.encodeStateAsUpdate(whole).length,
  };
}

/** Edits all over the text: one long run would be a single struct to Yjs. */
function longHistory(edits: number): Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('content');
  for (let i = 0; i < edits; i++) text.insert(Math.floor((text.length * ((i * 7919) % 1000)) / 1000), WORDS[i % WORDS.length]!);
  return updates;
}

const WORDS = Array.from({ length: 10 }, (_, i) => `some words of text ${i} `);

async function write(document: BenchDocument, updates: readonly Uint8Array[]): Promise<void> {
  const writer = await connectBench(document);
  await writer.state;
  let echoed = 0;
  const total = new Map<number, number>();
  writer.onUpdate = (update) => {
    for (const [client, clock] of Y.parseUpdateMeta(update).to) total.set(client, clock);
    echoed = Math.max(...total.values());
  };
  const end = Math.max(...Y.parseUpdateMeta(updates.at(-1)!).to.values());
  for (const [i, update] of updates.entries()) {
    writer.send(writeUpdate(update));
    if (i % 200 === 199) await settled(() => writer.socket.stream.writableLength === 0, 30_000);
  }
  if (!(await settled(() => echoed >= end, 120_000))) throw new Error(`${document.url.split('?')[0]} did not take all edits.`);
  writer.socket.end();
}

/** Some peers answer with an empty state first and send the stored one after it: what counts is the whole text. */
async function openAlone(
  server: BenchServer,
  document: BenchDocument,
  length: number,
): Promise<Record<'whole' | 'bytes' | 'share', number>> {
  const before = await server.probe.sample();
  const started = performance.now();
  const reader = await connectBench(document);
  let bytes = Number.NaN;
  const doc = new Y.Doc();
  const take = (update: Uint8Array) => {
    const at = performance.now() - started;
    Y.applyUpdate(doc, update);
    if (doc.getText('content').length === length) bytes = at;
  };
  reader.onUpdate = take;
  take(await reader.state);
  const got = await settled(() => !Number.isNaN(bytes), 30_000);
  const whole = got ? performance.now() - started : Number.NaN;
  const after = await server.probe.sample();
  reader.socket.end();
  return { whole, bytes, share: (after.cpuMicros - before.cpuMicros) / 1000 };
}

/** Counts bytes only: rebuilding the text a hundred times would be the client's time. */
async function openTogether(server: BenchServer, document: BenchDocument, length: number): Promise<{ joiners: number; reads?: number }> {
  const before = await storeReads(server);
  const started = performance.now();
  const arrivals = await Promise.all(Array.from({ length: JOINERS }, () => arrival(document, started)));
  const doc = new Y.Doc();
  for (const update of arrivals[0]!.updates) Y.applyUpdate(doc, update);
  const isWhole = doc.getText('content').length === length;
  for (const { end } of arrivals) end();
  const after = await storeReads(server);
  const joiners = isWhole ? Math.max(...arrivals.map(({ ms }) => ms)) / 1000 : Number.NaN;
  return { joiners, ...(before !== null && after !== null && { reads: after - before }) };
}

async function arrival(document: BenchDocument, started: number): Promise<{ ms: number; updates: Uint8Array[]; end: () => void }> {
  const reader = await connectBench(document);
  const updates: Uint8Array[] = [];
  let last = Number.NaN;
  reader.onUpdate = (update) => {
    if (update.length > MANY_BYTES) last = performance.now() - started;
    updates.push(update.slice());
  };
  const state = await reader.state;
  if (state.length > MANY_BYTES) last = performance.now() - started;
  updates.push(state);
  await settled(() => !Number.isNaN(last), 30_000);
  return { ms: last, updates, end: () => reader.socket.end() };
}

/** Less than any state here, more than "nothing". */
const MANY_BYTES = 10_000;

/** How often our relay read a document from its store; the peers do not count it. */
async function storeReads(server: BenchServer): Promise<number | null> {
  if (server.name !== 'MarkCo') return null;
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Number(/^sync_load_ms_count (\d+)/m.exec(text)?.[1] ?? 0);
}
