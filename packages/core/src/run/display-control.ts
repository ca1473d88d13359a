import type { RunEventBody } from './run-event.ts';

/**
 * What an output does to those before it. `clear`: takes them away, at once or, with `wait`, when the next one comes; `id`: its name, which
 * `update` puts in the place of the output that has it. Kernels of notebooks call these `clear_output` and `update_display_data`.
 */
export type DisplayControl = { clear: 'now' | 'next' | null; id: string | null; update: boolean };

const NONE: DisplayControl = { clear: null, id: null, update: false };

/** Reads the control from a display's metadata or an asset's own fields; everything else has none. */
export function displayControl(body: RunEventBody): DisplayControl {
  if (body.kind === 'asset') return { clear: null, id: body.displayId ?? null, update: body.update === true };
  if (body.kind !== 'display' || !body.metadata) return NONE;
  const { clear_output: clear, wait, display_id: id, update } = body.metadata;
  if (clear === true) return { ...NONE, clear: wait === true ? 'next' : 'now' };
  return { clear: null, id: typeof id === 'string' && id !== '' ? id : null, update: update === true };
}

/** What is drawn or printed; the rest of a run's events say how it went. */
const OUTPUT: ReadonlySet<RunEventBody['kind']> = new Set(['stdout', 'stderr', 'display', 'asset', 'error']);

/** True for an event that puts something out, so that a clearing that waits for it happens. */
export const isOutput = (body: RunEventBody): boolean =>
  OUTPUT.has(body.kind) || (body.kind === 'result' && Object.keys(body.data ?? {}).length > 0);

/**
 * RU20: the events whose output still stands at the end: what was cleared is gone, what was updated stands where it was first, as it is now.
 * Notes, questions and the end stay.
 */
export function standingBodies(bodies: Iterable<RunEventBody>): RunEventBody[] {
  let standing: RunEventBody[] = [];
  let clearing = false;
  for (const body of bodies) {
    const { clear, id, update } = displayControl(body);
    if (clear === 'next') clearing = true;
    if (clear === 'now' || (clearing && clear === null && isOutput(body))) {
      standing = standing.filter((each) => !isOutput(each) && each.kind !== 'stdin_answered' && each.kind !== 'stdin_request');
      clearing = false;
    }
    if (clear) continue;
    const at = update && id ? standing.findIndex((each) => displayControl(each).id === id) : -1;
    if (at >= 0) standing[at] = body;
    else standing.push(body);
  }
  return standing;
}
