import { formatDuration } from '@markco/core/run/duration-words';

/** RU21, RU22: where a stored output came from, from its note in `getMap('markco')` (JSON); null where there is none. */
export function storedProvenance(note: unknown): string | null {
  if (typeof note !== 'string') return null;
  let facts: { ranOn?: unknown; durationMs?: unknown; freshSession?: unknown };
  try {
    facts = JSON.parse(note) as typeof facts;
  } catch {
    return null;
  }
  if (typeof facts?.ranOn !== 'string') return null;
  const parts = [facts.ranOn === 'Cloud' ? 'Cloud' : `ran on ${facts.ranOn}`];
  if (typeof facts.durationMs === 'number') parts.push(formatDuration(facts.durationMs));
  if (facts.freshSession === true) parts.push('fresh session');
  return parts.join(' · ');
}
