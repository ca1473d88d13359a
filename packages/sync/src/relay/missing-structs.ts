import type { UpdateInfo } from './check-update.ts';

/**
 * SY14: clients whose structs an update needs and that are not there, with the clock it needs of each. Empty where all of it can be
 * applied at once. `clockOf`: the clock after the last struct known of a client.
 */
export function missingStructs(info: UpdateInfo, clockOf: (client: number) => number): Map<number, number> {
  const missing = new Map<number, number>();
  const need = (client: number, clock: number): void => {
    if (clock >= (missing.get(client) ?? 0)) missing.set(client, clock);
  };
  const brought = info.ranges.length > 1 || info.needs.size > 0 || info.deletes.length > 0 ? endsOf(info) : null;
  const known = (client: number): number => Math.max(clockOf(client), brought?.get(client) ?? 0);
  for (const { client, from, to } of info.ranges) {
    const clock = clockOf(client);
    // With a hole in it, whose structs are missing cannot be told without reading it again.
    if (from > clock || (info.skips && to > clock)) need(client, from);
  }
  for (const [client, clock] of info.needs) if (clock >= known(client)) need(client, clock);
  for (const { client, to } of info.deletes) if (to > known(client)) need(client, to - 1);
  return missing;
}

function endsOf(info: UpdateInfo): Map<number, number> {
  return new Map(info.ranges.map(({ client, to }) => [client, to]));
}
