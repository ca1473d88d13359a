/**
 * Loaded into every server under measurement (`--import`), ours and the peers' alike: answers, over the channel to the process that
 * started it, how much memory and CPU it uses. Needs --expose-gc.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects until nothing more comes free: finalizers run between two collections and let go of more. */
async function collect() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await turn();
  }
}

/** Resident memory without the part of JavaScript's heap that is free: V8 gives that back when it likes. */
function usedBytes() {
  const heap = getHeapStatistics();
  return process.memoryUsage.rss() - (heap.total_physical_size - heap.used_heap_size);
}

function sample() {
  const resources = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system, usedBytes: usedBytes(), residentBytes: process.memoryUsage.rss(), resources };
}

const answers = {
  sample,
  async collected() {
    await collect();
    return sample();
  },
  /** What a server under test tells of itself. */
  stats: () => globalThis.tellStats(),
  live: () => globalThis.countLiveObjects(),
  watchDelay() {
    delay.reset();
    delay.enable();
  },
  longestDelay() {
    delay.disable();
    return Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  },
};

process.on('message', async ({ id, ask }) => {
  // Whoever asked may be gone by now.
  process.send?.({ id, answer: await answers[ask]() }, () => {});
});
// Listening must not keep a server alive that wants to end.
process.channel.unref();
