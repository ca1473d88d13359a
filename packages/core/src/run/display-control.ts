import type { RunEventBody } from './run-event.ts';

/**
 * What an output does to those before it. `clear`: takes them away, at once or when the next one comes; `id`: its name, under which
 * `update` replaces what stands; `more`: it is a further part of the output before it that has this name (an image and its HTML).
 * Kernels of notebooks call these `clear_output` and `update_display_data`.
 */
export type DisplayControl = { clear: 'now' | 'next' | null; id: string | null; update: boolean; more: boolean };

const NONE: DisplayControl = { clear: null, id: null, update: false, more: false };

/** Reads the control from a display's metadata or an asset's own fields; everything else has none. */
export function displayControl(body: RunEventBody): DisplayControl {
  if (body.kind === 'asset') return named(body.displayId, body.update, body.more);
  if (body.kind !== 'display' || !body.metadata) return NONE;
  const { clear_output: clear, wait, display_id: id, update, more } = body.metadata;
  if (clear === true) return { ...NONE, clear: wait === true ? 'next' : 'now' };
  return named(id, update, more);
}

const named = (id: unknown, update: unknown, more: unknown): DisplayControl =>
  typeof id === 'string' && id !== '' ? { clear: null, id, update: update === true && more !== true, more: more === true } : NONE;

/** What is drawn or printed; the rest of a run's events say how it went. */
const OUTPUT: ReadonlySet<RunEventBody['kind']> = new Set(['stdout', 'stderr', 'display', 'asset', 'error']);

/** True for an event that puts something out, so that a clearing that waits for it happens. */
export const isOutput = (body: RunEventBody): boolean =>
  OUTPUT.has(body.kind) || (body.kind === 'result' && Object.keys(body.data ?? {}).length > 0);

/** What a clearing takes away: the questions that were answered among what was put out, too. */
const isCleared = (body: RunEventBody): boolean => isOutput(body) || body.kind === 'stdin_request' || body.kind === 'stdin_answered';

/**
 * RU20: the events whose output still stands at the end: what was cleared is gone, what was updated stands wherever it was, as it is now.
 * An update of something that is not there (any more) stands where it comes. Notes and the end stay.
 */
export function standingBodies(bodies: Iterable<RunEventBody>): RunEventBody[] {
  let places: Place[] = [];
  const names = new Map<string, Named>();
  let clearing = false;
  for (const body of bodies) {
    const control = displayControl(body);
    if (control.clear === 'now' || (clearing && !control.clear && isOutput(body))) {
      places = places.filter((place) => !isCleared(place.bodies[0]!));
      names.clear();
      clearing = false;
    }
    if (control.clear) clearing = control.clear === 'next';
    else if (!replace(names, control, body)) places.push(newPlace(names, control, body));
  }
  return places.flatMap((place) => place.bodies);
}

/** One output: an event, or the parts of one display. */
type Place = { bodies: RunEventBody[] };

/** The places of one name; `last`: those the newest output under it is in, where its further parts go too. */
type Named = { all: Place[]; last: Place[] };

/** Puts an output where its name already stands; false when it needs a place of its own. */
function replace(names: ReadonlyMap<string, Named>, { id, update, more }: DisplayControl, body: RunEventBody): boolean {
  const known = id && (update || more) ? names.get(id) : undefined;
  if (!known) return false;
  if (update) known.last = known.all;
  for (const place of known.last) place.bodies = update ? [body] : [...place.bodies, body];
  return true;
}

function newPlace(names: Map<string, Named>, { id }: DisplayControl, body: RunEventBody): Place {
  const place: Place = { bodies: [body] };
  if (!id) return place;
  const all = names.get(id)?.all ?? [];
  all.push(place);
  names.set(id, { all, last: [place] });
  return place;
}
