const realImmediate = setImmediate;
const CALM_TURNS = 4;

let working = 0;
let waiting: (() => void)[] = [];

/** Notes that something outside of this process works until the answered function is called. */
export function begin(): () => void {
  working++;
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    working--;
    if (working > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
}

/** Resolves when nothing happens any more: no query, no disk, and nothing that followed from them. */
export async function idle(): Promise<void> {
  for (let calm = 0; calm < CALM_TURNS; ) {
    await new Promise((resolve) => realImmediate(resolve));
    if (working > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else if (!isDiskBusy()) calm++;
    else calm = 0;
    if (working > 0) calm = 0;
  }
}

const isDiskBusy = (): boolean => process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
