import { percentile } from '../../lib/numbers.ts';
import { type Row, watchGenerator, withServer } from '../row.ts';
import { openTypists, typeAt } from '../wire/typists.ts';

const DOCUMENTS = 50;
const RATES = [1_000, 5_000] as const;

/** From a writer's send to the echo of its own edit: ours comes after the commit (SY5), a peer's from memory. */
export const durableAck: Row = {
  number: 2,
  title: 'durable ack, 50 documents',
  metrics: [
    { key: 'at1000', what: 'p99 at 1,000/s, ms', goal: { atMost: 10 }, digits: 2 },
    { key: 'at5000', what: 'p99 at 5,000/s, ms', goal: { atMost: 20 }, digits: 2 },
  ],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      const seconds = bench.quick ? 2 : 4;
      const typists = await openTypists(server, DOCUMENTS);
      await typeAt(typists, RATES[0], 2);
      const busy = watchGenerator();
      const [slow, fast] = [await typeAt(typists, RATES[0], seconds), await typeAt(typists, RATES[1], seconds)];
      const generator = busy();
      typists.close();
      const figures = { at1000: percentile(slow.latencies, 0.99), at5000: percentile(fast.latencies, 0.99) };
      return { figures, generator, ...(fast.missing > 0 && { remark: `${fast.missing} of ${fast.sent} edits were never echoed.` }) };
    }),
};
