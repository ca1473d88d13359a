import type { VersionView } from '@markco/core/contract/versions';

/** What a version is, in words; `me`: how the reader is called. */
export function versionWords({ kind, reason, by }: VersionView, me: string | null): string {
  if (kind === 'daily') return 'Daily';
  if (kind === 'generation') return 'Automatic copy';
  const who = by === null ? 'someone' : by === me ? 'you' : by;
  switch (reason) {
    case 'restore':
      return `Before ${who} restored`;
    case 'outside_change':
      return by === null ? 'Before files changed' : `Before files changed on ${by}`;
    case 'replaced_history':
      return 'Before another copy was merged in';
    default:
      return 'Before it was written over';
  }
}

/** What a daily shows, and how large a version is. Null where there is nothing to add. */
export function versionDetail({ kind, size }: VersionView): string | null {
  const words = kind === 'daily' ? 'before that day’s first edit' : null;
  return [words, size === null ? null : sizeWords(size)].filter(Boolean).join(' · ') || null;
}

function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Versions by the day of the reader's zone, the newest first, each with the day's name. */
export function byDay(versions: readonly VersionView[], now: Date): { day: string; versions: VersionView[] }[] {
  const days: { day: string; versions: VersionView[] }[] = [];
  for (const version of versions) {
    const day = dayName(version.at, now);
    if (days.at(-1)?.day === day) days.at(-1)!.versions.push(version);
    else days.push({ day, versions: [version] });
  }
  return days;
}

/** "Today", "Yesterday", or the date, in the reader's zone. */
export function dayName(at: Date, now: Date): string {
  const ago = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (ago === 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return at.toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', ...year });
}

const midnight = (at: Date): number => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();

/** Hours and minutes in the reader's zone. */
export const timeWords = (at: Date): string => at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
