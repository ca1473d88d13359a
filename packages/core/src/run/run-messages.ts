import type { RunState } from './run.ts';

/** Hours and minutes as the log and the person's message show them; the client may show local time beside it. */
const two = (value: number): string => String(value).padStart(2, '0');

/**
 * "14:02", or with the date when it was not today.
 * @param offsetMinutes the person's offset from UTC, as `Date.getTimezoneOffset` signs it (0: UTC)
 */
export function clockTime(at: Date, now: Date, offsetMinutes = 0): string {
  const local = new Date(at.getTime() - offsetMinutes * 60_000);
  const today = new Date(now.getTime() - offsetMinutes * 60_000);
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
  return local.toISOString().slice(0, 10) === today.toISOString().slice(0, 10) ? time : `${local.toISOString().slice(0, 10)} ${time}`;
}

/** RU12: a run that goes on because a Stop did not reach its code. */
export const STOP_UNREACHED = 'Running. Stop did not reach the code';

/** RU8: what a queued run waits for. `lastSeenAt` null: the device never connected. */
export function waitingForDevice(name: string, lastSeenAt: Date | null, now: Date): string {
  return lastSeenAt
    ? `Waiting for ${name}, offline since ${clockTime(lastSeenAt, now)} UTC`
    : `Waiting for ${name}, which has not connected yet`;
}

/** RU13: the runtime works on something else. */
export const waitingForBusy = (deviceName: string, cellIndex: number | null): string =>
  cellIndex === null ? `Waiting for another run on ${deviceName}` : `Waiting for cell ${cellIndex + 1} on ${deviceName}`;

/** No worker is connected: the run waits for one. */
export const WAITING_FOR_CLOUD = 'Waiting for the cloud runtime: none is connected right now. The run starts when one is.';

/** RU11: the truth when nobody knows. */
export const contactLost = (name: string): string => `Lost contact with ${name}; this may still be running there.`;

/** RU11: the end of a run that was already given up came after all; its output is kept and its state stays. */
export const recoveredEnding = (name: string, outcome: string): string =>
  `Recovered: ${name} was heard from again, and this had ${outcome === 'completed' ? 'completed' : `ended there (${outcome})`}. The output is all here.`;

/** RU5: the reason within a route's sentence: "Cloud · fresh session: MacBook Pro was offline" gives "MacBook Pro was offline". Null: none. */
export const routeReasonWords = (why: string | null | undefined): string | null => /^Cloud[^:]*: (.+)$/s.exec(why ?? '')?.[1] ?? null;

const AFTER_FALLBACK = new Set(['NameError', 'ModuleNotFoundError', 'FileNotFoundError']);

/**
 * RU6: after a fallback to an empty namespace these errors most likely come from the fallback, so the person is told why.
 * Null where the error has nothing to do with it.
 */
export function fallbackHint(errorName: string, why: string): string | null {
  if (!AFTER_FALLBACK.has(errorName)) return null;
  const missing = errorName === 'FileNotFoundError' ? 'files' : errorName === 'ModuleNotFoundError' ? 'packages' : 'variables';
  const reason = routeReasonWords(why);
  return `${reason ? `In the cloud because ${reason}` : why}. The ${missing} of your computer are not there. "Run all above here" fills the fresh session.`;
}

const ENDINGS: Record<string, string> = {
  upstream_failed: 'Not run: a cell before it in the same batch did not complete.',
  cancelled_by_user: 'Cancelled before it started.',
  discarded: 'Discarded while it waited.',
  waited_too_long: 'Waited 24 hours for a computer that did not come online. Nothing was executed; run it again when you like.',
  device_lost: 'The computer it ran on was not heard from again. It may have finished there; run it again if you need the result.',
  runtime_died: 'The runtime ended while this ran. Variables of that session are gone; run it again in a fresh session.',
  not_started: 'The computer lost this run before starting it. Nothing was executed; run it again.',
};

/** What a terminal state means and what to do, where the machine that ran it gave no words of its own; null: the state says it all. */
export function endingMessage(state: RunState, exitReason: string | null): string | null {
  if (exitReason && ENDINGS[exitReason]) return ENDINGS[exitReason];
  if (state === 'interrupted') return 'Interrupted. The variables of the session are still there.';
  return null;
}
