import * as Y from 'yjs';
import { SeededRandom } from '../../lib/seeded-random.ts';
import { type Bench, type Reading, withServer } from './row.ts';
import type { BenchDocument } from './servers/bench-document.ts';
import type { BenchServer, ServerName } from './servers/bench-server.ts';
import { type BenchClient, connectBench } from './wire/bench-client.ts';
import { paced, settled } from './wire/paced.ts';
import { makeWriter, type Writer } from './wire/writer.ts';

const PER_SECOND = 500;

/** A typist whose edits are counted: sent, shown to somebody else, called taken by the server. */
interface Counted {
  readonly document: BenchDocument;
  readonly client: BenchClient;
  readonly writer: Writer;
  shown: number;
  taken: number;
}

/**
 * The same on a peer: typists, a kill, and a new process asked what it has. Its clients would send again what they still hold;
 * what counts is what the server itself had lost.
 */
export function killPeer(bench: Bench, name: ServerName, shape: { documents: number; typists: number }): Promise<Reading> {
  const kills = bench.quick ? 2 : 8;
  const random = new SeededRandom(Date.now());
  return withServer(bench, name, async (server) => {
    const total = { relayed: 0, acknowledged: 0, seen: 0 };
    for (let i = 0; i < kills; i++) {
      const typists = await sitDown(server, shape);
      await paced({ perSecond: PER_SECOND, seconds: random.int(1_000, 4_000) / 1000 }, (n) => typists[n % typists.length]!.writer.send());
      await server.kill('SIGKILL');
      await settled(() => typists.every(({ client }) => client.socket.stream.destroyed), 10_000);
      await server.restart();
      const clocks = new Map<BenchDocument, Map<number, number>>();
      for (const { document } of typists) if (!clocks.has(document)) clocks.set(document, await storedClocks(document));
      for (const { document, writer, shown, taken } of typists) {
        const stored = clocks.get(document)!.get(writer.clientId) ?? 0;
        total.relayed += Math.max(0, shown - stored);
        total.acknowledged += Math.max(0, taken - stored);
        total.seen += writer.sent;
      }
    }
    const never = name === 'y-websocket 2' ? { instead: { acknowledged: 'never acknowledged' } } : {};
    return { figures: { kills, ...total }, ...never };
  });
}

/** A document for each typist would hide what others see: several share one, and one more only watches. */
async function sitDown(server: BenchServer, { documents, typists }: { documents: number; typists: number }): Promise<Counted[]> {
  const all: Counted[] = [];
  for (const document of await server.documents(documents)) {
    const watcher = await connectBench(document);
    await watcher.state;
    const here: Counted[] = [];
    for (let i = 0; i < typists / documents; i++) {
      const client = await connectBench(document);
      await client.state;
      const counted: Counted = { document, client, writer: makeWriter(client), shown: 0, taken: 0 };
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
