import { randomUUID } from 'node:crypto';
import type { Runtime } from '@markco/agent/runtimes/runtime';
import type { MrpStreamEvent } from '@markco/core/mrp/stream-event';
import { it } from 'vitest';

/** One execution as a test sees it. */
export interface CellRun {
  execId: string;
  events: MrpStreamEvent[];
  /** Settles when the execution ended; rejects as `Runtime.execute` does. */
  ended: Promise<MrpStreamEvent[]>;
  /** The first event for which `matches` holds; rejects when the stream ends without it. */
  until(matches: (event: MrpStreamEvent) => boolean): Promise<MrpStreamEvent>;
}

/** Starts a cell and collects its events. */
export function startCell(runtime: Runtime, code: string, options: { allowStdin?: boolean; storeHistory?: boolean } = {}): CellRun {
  const execId = randomUUID();
  const events: MrpStreamEvent[] = [];
  const waiting = new Set<(event: MrpStreamEvent) => void>();
  const ended = runtime
    .execute({ execId, code, ...options }, (event) => {
      events.push(event);
      for (const look of [...waiting]) look(event);
    })
    .then(() => events);
  ended.catch(() => undefined);
  const until: CellRun['until'] = (matches) =>
    new Promise((resolve, reject) => {
      const found = events.find(matches);
      if (found) return resolve(found);
      waiting.add((event) => matches(event) && resolve(event));
      ended.then(() => reject(new Error('The stream ended without the event that was waited for.')), reject);
    });
  return { execId, events, ended, until };
}

/** Runs a cell to its end. */
export const runCell = (runtime: Runtime, code: string): Promise<MrpStreamEvent[]> => startCell(runtime, code).ended;

/** All text of one stream. */
export const textOf = (events: MrpStreamEvent[], stream: 'stdout' | 'stderr' = 'stdout'): string =>
  events.map((event) => (event.event === stream ? event.content : '')).join('');

/** The mime bundles shown, in order. */
export const displaysOf = (events: MrpStreamEvent[]): Record<string, unknown>[] =>
  events.flatMap((event) => (event.event === 'display' ? [event.data] : []));

/** The error a run ended with, or null. */
export const errorOf = (events: MrpStreamEvent[]) => events.find((event) => event.event === 'error')?.error ?? null;

/** The events' names, neighbouring pieces of one stream counted once. */
export const namesOf = (events: MrpStreamEvent[]): string[] =>
  events
    .map((event) => event.event)
    .filter((name, index, all) => !(name.startsWith('std') && name !== 'stdin_request' && all[index - 1] === name));

/** A case for runtimes that have something: none where it is left out on purpose (false), skipped with the reason in its name where it is missing. */
export function itWith(feature: boolean | string, name: string, run: () => Promise<void>): void {
  if (feature === true) it(name, run);
  else if (feature) it.skip(`${name} (${feature})`, run);
}
