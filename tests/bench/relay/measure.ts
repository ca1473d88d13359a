import { performance } from 'node:perf_hooks';
import { writeUpdate } from '@markco/sync/wire/write-frame';
import * as Y from 'yjs';
import { type BenchClient, connectBench } from './bench-client.ts';
import { type BenchDocument, type BenchServer, residentBytes } from './servers.ts';

/** The value below which `share` of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** From a writer's send to each observer's receipt, ms. Edits are spread evenly over documents and time. */
export async function fanOut(
  server: BenchServer,
  options: { documents: number; observers: number; perSecond: number; seconds: number },
): Promise<number[]> {
  const latencies: number[] = [];
  const writers = await Promise.all(Array.from({ length: options.documents }, () => openRoom(server, options.observers, latencies)));
  const total = options.perSecond * options.seconds;
  const start = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, ((performance.now() - start) / 1000) * options.perSecond);
    while (sent < due) writers[sent++ % writers.length]!.edit();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await waitFor(() => latencies.length >= total * options.observers, 5_000);
  for (const { close } of writers) close();
  return latencies;
}

async function openRoom(server: BenchServer, observers: number, latencies: number[]) {
  const document = await server.document();
  const [writer, ...others] = await Promise.all(Array.from({ length: observers + 1 }, () => connectBench(document)));
  await Promise.all([writer!, ...others].map(({ state }) => state));
  const doc = new Y.Doc();
  const sentAt = new Map<number, number>();
  doc.on('update', (update: Uint8Array) => {
    sentAt.set(Y.parseUpdateMeta(update).from.get(doc.clientID)!, performance.now());
    writer!.send(writeUpdate(update));
  });
  for (const other of others) {
    other.onUpdate = (update) => {
      const clock = Y.parseUpdateMeta(update).from.get(doc.clientID);
      const at = clock === undefined ? undefined : sentAt.get(clock);
      if (at !== undefined) latencies.push(performance.now() - at);
    };
  }
  const text = doc.getText('content');
  const close = () => {
    for (const { socket } of [writer!, ...others]) socket.terminate();
  };
  return { edit: () => text.insert(text.length, 'x'), close };
}

/** A document of many edits, opened on a server that was just started: ms until its state is there. */
export async function coldOpen(server: BenchServer, edits: number): Promise<number> {
  const document = await server.document();
  const writer = await connectBench(document);
  await writer.state;
  const doc = new Y.Doc();
  doc.on('update', (update: Uint8Array) => writer.send(writeUpdate(update)));
  const text = doc.getText('content');
  for (let i = 0; i < edits; i++) {
    // Not one long run: Yjs would store that as a single struct.
    text.insert(Math.floor((text.length * ((i * 7919) % 1000)) / 1000), `word${i % 10} `);
    if (i % 500 === 499) await drained(writer);
  }
  const settled = await connectBench(document);
  await waitForState(document, text.length);
  writer.socket.terminate();
  settled.socket.terminate();
  // Peers that store with a delay get their time.
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  await server.restart();
  // The first connection of a new process pays for its database connections and compiled code.
  const first = await connectBench(await server.document());
  await first.state;
  const ms = await timeToRead(document, text.length);
  first.socket.terminate();
  return ms;
}

/** Until a new client holds the whole text: some peers answer with an empty state first and send the stored one after it. */
async function timeToRead(document: BenchDocument, length: number): Promise<number> {
  const started = performance.now();
  const opened = new Y.Doc();
  const reader = await connectBench(document);
  reader.onUpdate = (update) => Y.applyUpdate(opened, update);
  Y.applyUpdate(opened, await reader.state);
  await waitFor(() => opened.getText('content').length === length, 30_000);
  const ms = performance.now() - started;
  reader.socket.terminate();
  return opened.getText('content').length === length ? ms : Number.NaN;
}

/** Memory a connection to a document of its own takes, with 2 KB of text, KB. */
export async function memoryPerDocument(server: BenchServer, count: number): Promise<number> {
  const update = textUpdate('lorem ipsum '.repeat(170));
  const clients: BenchClient[] = [];
  const open = async (n: number) => {
    for (let i = 0; i < n; i++) {
      const client = await connectBench(await server.document());
      await client.state;
      client.send(writeUpdate(update));
      clients.push(client);
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  };
  // The first ones pay for what is loaded once.
  await open(50);
  const before = residentBytes(server.pid);
  await open(count);
  const after = residentBytes(server.pid);
  for (const { socket } of clients) socket.terminate();
  return (after - before) / count / 1024;
}

function textUpdate(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

async function waitForState(document: BenchDocument, length: number): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    const client = await connectBench(document);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await client.state);
    client.socket.terminate();
    if (doc.getText('content').length === length) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('The server did not take all edits within a minute.');
}

const drained = ({ socket }: BenchClient): Promise<void> => waitFor(() => socket.bufferedAmount === 0, 30_000);

async function waitFor(condition: () => boolean, ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (!condition() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 2));
}
