import { fuzzFrames } from '@markco/testing/fuzz-frames';
import { FuzzLane } from '../fuzz-lane.ts';
import { type Row, withServer } from '../row.ts';
import type { BenchServer } from '../servers/bench-server.ts';

const LANES = 25;
/** A server that falls over with every frame is not asked a hundred thousand times. */
const CRASHES_AT_MOST = 5;

/** Frames that a broken or hostile client might send, on documents that others have open. */
export const fuzz: Row = {
  number: 9,
  title: 'fuzzed frames',
  rounds: 1,
  metrics: [
    { key: 'frames', what: 'sent' },
    { key: 'malformed', what: 'of them malformed' },
    { key: 'crashes', what: 'crashes', goal: { atMost: 0 } },
    { key: 'leaked', what: 'bytes of malformed frames that reached others', goal: { atMost: 0 } },
    { key: 'stall', what: 'longest stall of the event loop, ms', goal: { atMost: 100 } },
  ],
  measure: (bench, name) =>
    withServer(bench, name, async (server) => {
      // A peer that takes, or falls over, almost every frame makes each of them slow: a few show that.
      const frames = bench.quick ? 3_000 : name === 'MarkCo' ? 100_000 : 2_000;
      const seed = Date.now() % 1_000_000;
      await server.probe.watchDelay();
      const lanes = Array.from({ length: LANES }, () => new FuzzLane(server));
      const keeper = keepAlive(server);
      const share = Math.ceil(frames / LANES);
      await Promise.all(lanes.map((lane, i) => attack(lane, { seed: seed + i, share, keeper })));
      const stall = server.isAlive ? await server.probe.longestDelay() : Number.NaN;
      for (const lane of lanes) lane.close();
      const sum = (key: keyof FuzzLane['counts']) => lanes.reduce((total, { counts }) => total + counts[key], 0);
      const figures = { frames: sum('frames'), malformed: sum('malformed'), leaked: sum('leaked'), crashes: keeper.crashes, stall };
      return { figures, remark: `seeds ${seed} to ${seed + LANES - 1}.` };
    }),
};

interface Keeper {
  crashes: number;
  /** Starts the server again where it is gone. */
  revive(): Promise<void>;
}

function keepAlive(server: BenchServer): Keeper {
  let reviving: Promise<void> | null = null;
  const keeper: Keeper = {
    crashes: 0,
    revive() {
      if (server.isAlive) return reviving ?? Promise.resolve();
      reviving ??= (async () => {
        keeper.crashes++;
        await server.restart();
        await server.probe.watchDelay();
        reviving = null;
      })();
      return reviving;
    },
  };
  return keeper;
}

async function attack(lane: FuzzLane, { seed, share, keeper }: { seed: number; share: number; keeper: Keeper }): Promise<void> {
  let sent = 0;
  for (const frame of fuzzFrames(seed)) {
    if (sent++ >= share || keeper.crashes >= CRASHES_AT_MOST) return;
    try {
      await lane.send(frame);
    } catch {
      // The server ended, or is about to: the exit is seen a moment later.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await keeper.revive();
      lane.close();
    }
  }
}
