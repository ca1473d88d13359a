import { createHash } from 'node:crypto';
import { type Flags, flagsSchema } from '@markco/core/flags';

/** A row of `flag_overrides`. `percent`: of all people, by their ids; null where it is one person's. */
export interface FlagRow {
  readonly flag: string;
  readonly value: string;
  readonly userId: string | null;
  readonly percent: number | null;
}

/** OP1: a person's own override wins over a share's, a share's over the environment; what the environment pins nothing changes. */
export function resolveFlags(env: Flags, pinned: readonly string[], overrides: readonly FlagRow[], userId: string | null): Flags {
  const resolved = { ...env };
  for (const flag of Object.keys(flagsSchema.shape) as (keyof Flags)[]) {
    if (pinned.includes(flag)) continue;
    const own = overrides.filter((row) => row.flag === flag);
    const hit =
      (userId && own.findLast((row) => row.userId === userId)) ||
      own.findLast((row) => row.userId === null && inShare(flag, userId, row.percent ?? 100));
    // A value that an older or newer version wrote is skipped, not guessed at.
    const parsed = hit ? flagsSchema.shape[flag].safeParse(hit.value) : null;
    if (parsed?.success) Object.assign(resolved, { [flag]: parsed.data });
  }
  return resolved;
}

function inShare(flag: string, userId: string | null, percent: number): boolean {
  if (percent >= 100) return true;
  if (userId === null) return false;
  // The same people at every percentage below a larger one.
  return (createHash('sha256').update(`${flag}\0${userId}`).digest().readUInt32BE(0) % 10_000) / 100 < percent;
}
