import * as Y from 'yjs';
import type { BenchDocument } from './servers/bench-document.ts';
import type { BenchServer } from './servers/bench-server.ts';
import { type BenchClient, connectBench } from './wire/bench-client.ts';
import { settled } from './wire/paced.ts';
import { makeWriter, type Writer } from './wire/writer.ts';

/** A typist on a peer whose edits are counted: sent, shown to somebody else, called taken by the server. */
export interface Counted {
  readonly document: BenchDocument;
  readonly client: BenchClient;
  /** Of the document, shared with who else types there. */
  readonly watcher: BenchClient;
  readonly writer: Writer;
  shown: number;
  taken: number;
}

/** Seats so many typists at new documents, with somebody who only watches at each. */
export async function sitDown(server: BenchServer, { documents, typists }: { documents: number; typists: number }): Promise<Counted[]> {
  const all: Counted[] = [];
  for (const document of await server.documents(documents)) {
    const watcher = await connectBench(document);
    await watcher.state;
    const here: Counted[] = [];
    for (let i = 0; i < typists / documents; i++) {
      const client = await connectBench(document);
      await client.state;
      const counted: Counted = { document, client, watcher, writer: makeWriter(client), shown: 0, taken: 0 };
      client.onTaken = () => counted.taken++;
      here.push(counted);
    }
    watcher.onUpdate = (update) => {
      const { to } = Y.parseUpdateMeta(update);
      for (const counted of here) counted.shown = Math.max(counted.shown, to.get(counted.writer.clientId) ?? 0);
    };
    all.push(...here);
  }
  return all;
}

/** Asks a server that holds only what it had stored. Its clients would send again what they still have; this is what it lost itself. */
export async function countLost(typists: readonly Counted[]): Promise<{ relayed: number; acknowledged: number; sent: number }> {
  const total = { relayed: 0, acknowledged: 0, sent: 0 };
  const clocks = new Map<BenchDocument, Map<number, number>>();
  for (const { document } of typists) if (!clocks.has(document)) clocks.set(document, await storedClocks(document));
  for (const { document, writer, shown, taken } of typists) {
    const stored = clocks.get(document)!.get(writer.clientId) ?? 0;
    total.relayed += Math.max(0, shown - stored);
    total.acknowledged += Math.max(0, taken - stored);
    total.sent += writer.sent;
  }
  return total;
}

/** What a client that comes anew is given, the late answer of some peers included. */
async function storedClocks(document: BenchDocument): Promise<Map<number, number>> {
  const doc = new Y.Doc();
  const reader = await connectBench(document);
  reader.onUpdate = (update) => Y.applyUpdate(doc, update);
  Y.applyUpdate(doc, await reader.state);
  await settled(() => doc.store.clients.size > 0, 500);
  reader.socket.end();
  return Y.decodeStateVector(Y.encodeStateVector(doc));
}
