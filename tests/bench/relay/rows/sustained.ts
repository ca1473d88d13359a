import { percentile } from '../../lib/numbers.ts';
import { type Row, watchGenerator, withServer } from '../row.ts';
import { openTypists, type Typists, typeAt } from '../wire/typists.ts';

const DOCUMENTS = 50;
const P99_MS = 100;
const FIRST = 4_000;
const STEP = 2_000;
const FINE = 500;
const MOST = 40_000;

/** The highest rate at which edits still come back within 100 ms at p99: ours after the commit, a peer's from memory. */
export const sustained: Row = {
  number: 11,
  title: 'sustained updates on 50 documents, p99 < 100 ms',
  metrics: [
    { key: 'perSecond', what: 'durable updates/s', goal: { atLeast: 12_000 } },
    { key: 'p99', what: 'p99 at that rate, ms', digits: 1 },
  ],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      const seconds = bench.quick ? 1 : 2;
      const typists = await openTypists(server, DOCUMENTS);
      await typeAt(typists, 2_000, 1.5);
      const busy = watchGenerator();
      const best = await highest(typists, seconds);
      const generator = busy();
      typists.close();
      return { figures: { perSecond: best?.perSecond ?? 0, p99: best?.p99 ?? Number.NaN }, generator };
    }),
};

interface Kept {
  readonly perSecond: number;
  readonly p99: number;
}

/** Coarse steps up to the first rate that is not kept, then fine ones below it. */
async function highest(typists: Typists, seconds: number): Promise<Kept | null> {
  let best: Kept | null = null;
  let rate = FIRST;
  for (let kept = await keeps(typists, rate, seconds); kept && rate < MOST; kept = await keeps(typists, rate, seconds)) {
    best = kept;
    rate += STEP;
  }
  for (let fine = rate - FINE; fine > rate - STEP && fine > 0; fine -= FINE) {
    const kept = await keeps(typists, fine, seconds);
    if (kept) return kept;
  }
  return best;
}

/** Null where the rate is not kept; a hiccup gets a second chance. `perSecond` is what was sent in truth. */
async function keeps(typists: Typists, perSecond: number, seconds: number): Promise<Kept | null> {
  for (let tries = 0; tries < 2; tries++) {
    const typed = await typeAt(typists, perSecond, seconds, 5_000);
    const p99 = percentile(typed.latencies, 0.99);
    if (typed.missing === 0 && p99 < P99_MS && typed.perSecond > perSecond * 0.97) return { perSecond: Math.round(typed.perSecond), p99 };
  }
  return null;
}
