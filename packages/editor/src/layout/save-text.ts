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
  const { connection, unsaved, keptLocally } = save;
  const edits = `${unsaved} ${unsaved === 1 ? 'edit' : 'edits'}`;
  if (connection === 'refused')
    return { icon: 'warn', tone: 'bad', text: save.problem ?? 'Not saved: the server refused this document. Reload the page.' };
  if (unsaved > 0 && !keptLocally && (connection !== 'connected' || waitingMs > SAVING_MS)) {
    return { icon: 'warn', tone: 'bad', text: `${edits} only in this tab: keep it open` };
  }
  if (connection === 'offline') {
    return unsaved > 0
      ? { icon: 'cloudOff', tone: 'warn', text: `Offline · ${edits} kept on this device` }
      : { icon: 'cloudOff', tone: 'warn', text: 'Offline' };
  }
  if (unsaved > 0) {
    return connection === 'connected' && waitingMs <= SAVING_MS
      ? { icon: 'spinner', tone: 'busy', text: 'Saving…' }
      : { icon: 'warn', tone: 'warn', text: `${edits} only on this ${place}` };
  }
  if (connection === 'connecting' || !save.synced) return { icon: 'spinner', tone: 'busy', text: 'Connecting…' };
  return { icon: 'cloudCheck', tone: 'good', text: 'Saved' };
}
