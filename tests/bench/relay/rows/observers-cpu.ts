import { type Row, watchGenerator, withServer } from '../row.ts';
import { connectAll } from '../wire/bench-client.ts';
import { paced, settled } from '../wire/paced.ts';
import { makeWriter } from '../wire/writer.ts';

const OBSERVERS = 300;
const PER_SECOND = 40;

/** One document that many watch: the server's CPU for each update it hands to each of them, everything else it does included. */
export const observersCpu: Row = {
  number: 4,
  title: '300 observers of one document, 40 edits/s',
  metrics: [
    { key: 'cpu', what: 'CPU per update per observer, µs', goal: { atMost: 12 }, digits: 1 },
    { key: 'delivered', what: 'delivered, %', goal: { atLeast: 100 }, digits: 1 },
  ],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      const seconds = bench.quick ? 2 : 5;
      const [author, ...observers] = (await connectAll(await server.documents(1), OBSERVERS + 1))[0]!;
      const writer = makeWriter(author!);
      let seen = 0;
      for (const observer of observers) writer.watch(observer, () => seen++);
      const type = async (length: number) => {
        seen = 0;
        const { sent } = await paced({ perSecond: PER_SECOND, seconds: length }, () => writer.send());
        await settled(() => seen >= sent * OBSERVERS, 5_000);
        return sent;
      };
      await type(1.5);
      const before = await server.probe.sample();
      const busy = watchGenerator();
      const sent = await type(seconds);
      const generator = busy();
      const after = await server.probe.sample();
      for (const { socket } of [author!, ...observers]) socket.end();
      const cpu = (after.cpuMicros - before.cpuMicros) / (sent * OBSERVERS);
      return { figures: { cpu, delivered: (seen / (sent * OBSERVERS)) * 100 }, generator };
    }),
};
