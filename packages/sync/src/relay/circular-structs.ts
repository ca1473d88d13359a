import * as Y from 'yjs';

/** Structs of one client that an update brings, and how far down the list everything needed is there. */
interface Line {
  readonly structs: (Y.Item | Y.GC | Y.Skip)[];
  at: number;
  clock: number;
}

/**
 * SY14: true where structs of an update need each other in a circle, so that Yjs would keep them waiting for ever. Reads the whole update;
 * only for one that misses nothing else (`missingStructs`). `clockOf`: the clock after the last struct known of a client.
 */
export function hasCircle(update: Uint8Array, clockOf: (client: number) => number): boolean {
  const lines = linesOf(update, clockOf);
  if (lines.size < 2) return false;
  const reached = (client: number): number => lines.get(client)?.clock ?? clockOf(client);
  for (const client of lines.keys()) if (!canComplete(client, lines, reached)) return true;
  return false;
}

/** Goes down one client's structs, and down another's as far as one of them needs it. Every struct is passed once, whoever asks. */
function canComplete(first: number, lines: ReadonlyMap<number, Line>, reached: (client: number) => number): boolean {
  const path = [{ client: first, until: Number.POSITIVE_INFINITY }];
  const waiting = new Set([first]);
  for (let top = path[0]; top; top = path.at(-1)) {
    const line = lines.get(top.client)!;
    const struct = line.structs[line.at];
    if (!struct || line.clock > top.until) {
      waiting.delete(top.client);
      path.pop();
      continue;
    }
    const need = unmetNeed(struct, reached);
    if (!need) {
      line.at++;
      line.clock = struct.id.clock + struct.length;
    } else if (waiting.has(need.client) || !lines.has(need.client)) return false;
    else {
      waiting.add(need.client);
      path.push({ client: need.client, until: need.clock });
    }
  }
  return true;
}

/** The struct of another client that has to be there first, as Yjs asks for it. */
function unmetNeed(struct: Line['structs'][number], reached: (client: number) => number): Y.ID | null {
  if (!(struct instanceof Y.Item)) return null;
  for (const need of [struct.origin, struct.rightOrigin, struct.parent])
    if (need instanceof Y.ID && need.client !== struct.id.client && need.clock >= reached(need.client)) return need;
  return null;
}

function linesOf(update: Uint8Array, clockOf: (client: number) => number): Map<number, Line> {
  const lines = new Map<number, Line>();
  for (const struct of Y.decodeUpdate(update).structs) {
    const { client, clock } = struct.id;
    const known = clockOf(client);
    if (clock + struct.length <= known) continue;
    const line = lines.get(client);
    if (line) line.structs.push(struct);
    else lines.set(client, { structs: [struct], at: 0, clock: known });
  }
  return lines;
}
