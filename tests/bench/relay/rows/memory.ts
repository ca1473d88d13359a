import { writeUpdate } from '@markco/sync/wire/write-frame';
import * as Y from 'yjs';
import { type Row, withServer } from '../row.ts';
import type { BenchServer } from '../servers/bench-server.ts';
import { type BenchClient, connectAll } from '../wire/bench-client.ts';

const TEXT_BYTES = 2_048;
/** What follows an edit (storing, the readable content) has ended by then, in all three. */
const QUIET_MS = 4_000;

/** What one more connection costs, and one more document with a connection; after a forced garbage collection. */
export const memory: Row = {
  number: 5,
  title: 'memory',
  metrics: [
    { key: 'idle', what: 'idle connection, KB', goal: { atMost: 12 }, digits: 1 },
    { key: 'document', what: '2 KB document and its connection, KB', goal: { atMost: 32 }, digits: 1 },
  ],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      const count = bench.quick ? 300 : 1_000;
      // The first ones pay for what is made once.
      const first = await openDocuments(server, 100);
      const [room] = await connectAll(await server.documents(1), 200);
      const empty = (await server.probe.collected()).usedBytes;
      const [idle] = await connectAll(await server.documents(1), count);
      const connected = (await server.probe.collected()).usedBytes;
      const documents = await openDocuments(server, count);
      const filled = (await server.probe.collected()).usedBytes;
      for (const { socket } of [...first, ...room!, ...idle!, ...documents]) socket.end();
      return { figures: { idle: (connected - empty) / count / 1024, document: (filled - connected) / count / 1024 } };
    }),
};

/** Documents with 2 KB of text and a connection each. */
async function openDocuments(server: BenchServer, count: number): Promise<BenchClient[]> {
  const clients = (await connectAll(await server.documents(count))).flat();
  const doc = new Y.Doc();
  doc.getText('content').insert(0, 'lorem ipsum '.repeat(TEXT_BYTES).slice(0, TEXT_BYTES));
  const update = writeUpdate(Y.encodeStateAsUpdate(doc));
  await Promise.all(
    clients.map(
      (client) =>
        new Promise<void>((resolve) => {
          client.onUpdate = () => resolve();
          client.send(update);
        }),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  return clients;
}
