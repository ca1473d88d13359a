import type { SaveState } from '../host.tsx';
import type { IconName } from '../ui/icons.tsx';

/** What is said about the edits: always with words and an icon, never by colour alone (WB8). */
export type SaveText = { icon: IconName | 'spinner'; text: string; tone: 'good' | 'busy' | 'warn' | 'bad' };

/** Shown as "Saving…" at most this long; then the count is told (WB3). */
export const SAVING_MS = 2500;

/**
 * SY5, WB3: "Saved" only when the relay has confirmed everything. `waitingMs`: for how long there have been unsaved edits. `place`: "phone"
 * or "device".
 */
export function saveText(save: SaveState, waitingMs: number, place: 'phone' | 'device'): SaveText {
  const { connection, unsaved, keptLocally, problem } = save;
  const edits = `${unsaved} ${unsaved === 1 ? 'edit' : 'edits'}`;
  const where = keptLocally ? `${edits} only on this ${place}` : `${edits} only in this tab: keep it open`;
  if (connection === 'refused') return refused(problem ?? 'The server refused this document. Reload the page.', unsaved > 0 ? where : null);
  // Connected, and yet edits are not taken: the reason is known.
  if (unsaved > 0 && problem !== undefined) return refused(problem, where);
  const long = connection !== 'connected' || waitingMs > SAVING_MS;
  if (unsaved > 0 && long && !keptLocally)
    return { icon: 'warn', tone: 'bad', text: connection === 'offline' ? `Offline, ${where}` : where };
  if (connection === 'offline') return { icon: 'cloudOff', tone: 'warn', text: unsaved > 0 ? `Offline, ${where}` : 'Offline' };
  if (unsaved > 0) return long ? { icon: 'warn', tone: 'warn', text: where } : { icon: 'spinner', tone: 'busy', text: 'Saving…' };
  if (connection === 'connecting' || !save.synced) return { icon: 'spinner', tone: 'busy', text: 'Connecting…' };
  return { icon: 'cloudCheck', tone: 'good', text: 'Saved' };
}

/** The server's sentence, and what of the person's work it has not. */
const refused = (problem: string, where: string | null): SaveText => ({
  icon: 'warn',
  tone: 'bad',
  text: where === null ? problem : `Can't save: ${problem} ${where[0]!.toUpperCase()}${where.slice(1)}`,
});
