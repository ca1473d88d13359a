import { percentile } from '../../lib/numbers.ts';
import { type Row, watchGenerator, withServer } from '../row.ts';
import { connectAll } from '../wire/bench-client.ts';
import { paced, settled } from '../wire/paced.ts';
import { makeWriter, type Writer } from '../wire/writer.ts';

const PER_SECOND = 350;
const OBSERVERS = 2;

/** Many documents, few people each: from a writer's send to each observer's receipt. */
export const fanOut: Row = {
  number: 3,
  title: '500 documents × 3 clients, 350 edits/s',
  metrics: [
    { key: 'p50', what: 'p50, ms', goal: { atMost: 2 }, digits: 2 },
    { key: 'p99', what: 'p99, ms', goal: { atMost: 8 }, digits: 2 },
    { key: 'delivered', what: 'delivered, %', goal: { atLeast: 100 }, digits: 1 },
  ],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      const shape = bench.quick ? { documents: 150, warm: 1, seconds: 3 } : { documents: 500, warm: 3, seconds: 8 };
      const rooms = await connectAll(await server.documents(shape.documents), OBSERVERS + 1);
      let latencies: number[] = [];
      const writers = rooms.map(([author, ...observers]): Writer => {
        const writer = makeWriter(author!);
        for (const observer of observers) writer.watch(observer, (ms) => latencies.push(ms));
        return writer;
      });
      const type = async (seconds: number) => {
        latencies = [];
        for (const writer of writers) writer.prepare(Math.ceil((PER_SECOND * seconds) / writers.length));
        const { sent } = await paced({ perSecond: PER_SECOND, seconds }, (n) => writers[n % writers.length]!.send());
        await settled(() => latencies.length >= sent * OBSERVERS, 5_000);
        return latencies.length / (sent * OBSERVERS);
      };
      // The first seconds of a process measure its compiler.
      await type(shape.warm);
      const busy = watchGenerator();
      const delivered = await type(shape.seconds);
      const generator = busy();
      for (const { socket } of rooms.flat()) socket.end();
      return { figures: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), delivered: delivered * 100 }, generator };
    }),
};
