import { type Row, watchGenerator, withServer } from '../row.ts';
import { connectAll, connectBench } from '../wire/bench-client.ts';

const DOCUMENTS = 500;
const EACH = 3;

/** Everybody comes at once, as after a deploy: until the last of them has its document's state. */
export const storm: Row = {
  number: 10,
  title: 'storm of 1,500 sockets on 500 documents',
  metrics: [{ key: 'synced', what: 'until all are synced, s', goal: { atMost: 0.4 }, digits: 2 }],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      // The first sockets of a process measure its compiler.
      const first = (await connectAll(await server.documents(100))).flat();
      const documents = await server.documents(bench.quick ? DOCUMENTS / 5 : DOCUMENTS);
      const busy = watchGenerator();
      const started = performance.now();
      const clients = await Promise.all(
        documents.flatMap((document) =>
          Array.from({ length: EACH }, async () => {
            const client = await connectBench(document);
            await client.state;
            return client;
          }),
        ),
      );
      const synced = (performance.now() - started) / 1000;
      const generator = busy();
      for (const { socket } of [...first, ...clients]) socket.end();
      return { figures: { synced }, generator };
    }),
};
