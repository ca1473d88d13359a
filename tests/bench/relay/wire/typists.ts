import type { BenchServer } from '../servers/bench-server.ts';
import { connectAll } from './bench-client.ts';
import { paced, settled } from './paced.ts';
import { makeWriter, type Writer } from './writer.ts';

/** One writer a document, each of which watches for its own edits to come back. */
export interface Typists {
  readonly writers: readonly Writer[];
  latencies: number[];
  close(): void;
}

/** What came of some seconds of typing. `perSecond`: what was sent in truth. */
export interface Typed {
  readonly latencies: readonly number[];
  readonly sent: number;
  readonly perSecond: number;
  /** Edits that never came back. */
  readonly missing: number;
}

/** Opens `documents` new documents with a writer each. */
export async function openTypists(server: BenchServer, documents: number): Promise<Typists> {
  const clients = (await connectAll(await server.documents(documents))).flat();
  const writers = clients.map(makeWriter);
  const typists: Typists = {
    writers,
    latencies: [],
    close: () => {
      for (const { socket } of clients) socket.end();
    },
  };
  for (const [i, writer] of writers.entries()) writer.watch(clients[i]!, (ms) => typists.latencies.push(ms));
  return typists;
}

/** Types at a rate over all documents in turns; ends when every edit came back, or `patienceMs` after the last. */
export async function typeAt(typists: Typists, perSecond: number, seconds: number, patienceMs = 10_000): Promise<Typed> {
  const { writers } = typists;
  for (const writer of writers) writer.prepare(Math.ceil((perSecond * seconds) / writers.length));
  const latencies: number[] = [];
  typists.latencies = latencies;
  const done = await paced({ perSecond, seconds }, (n) => writers[n % writers.length]!.send());
  await settled(() => latencies.length >= done.sent, patienceMs);
  return { latencies, ...done, missing: done.sent - latencies.length };
}
