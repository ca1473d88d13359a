import type { RunWatchItem } from '@markco/core/run/run-event';
import { AbridgedOutput, printed, SHOWN_CHARS } from './abridged-output.ts';

/** How much of what is printed a page is sent, in characters a ms. */
const CHARS_A_MS = SHOWN_CHARS / 1_000;

/**
 * RU17: a watch for a page, which shows the end of what is printed and the number of lines before it: at most 64 KB of it a second, however
 * much the run prints. What is little goes at once; everything else a run says, and its end, is all there and does not wait.
 */
export async function* abridge(all: AsyncGenerator<RunWatchItem>): AsyncGenerator<RunWatchItem> {
  const waiting = new AbridgedOutput();
  const ask = () => {
    const asked = all.next();
    // It may fail while nobody waits for it; who asks next hears of it.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask();
  let mayAt = 0;
  try {
    for (let ended = false; !ended; ) {
      const got = await within(next, waiting.isEmpty ? null : mayAt - performance.now());
      if (got?.done) ended = true;
      else if (got) {
        waiting.add(got.value);
        next = ask();
      }
      if (!ended && !waiting.isUrgent && performance.now() < mayAt) continue;
      let chars = 0;
      for (const item of waiting.take()) {
        chars += printed(item).length;
        yield item;
      }
      mayAt = performance.now() + chars / CHARS_A_MS;
    }
  } finally {
    void all.return(undefined);
  }
}

/** What comes within `ms`, which may be over; null: nothing. `ms` null: however long it takes. */
async function within<T>(coming: Promise<T>, ms: number | null): Promise<T | null> {
  if (ms === null) return coming;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, ms));
  });
  try {
    return await Promise.race([coming, over]);
  } finally {
    clearTimeout(timer);
  }
}
