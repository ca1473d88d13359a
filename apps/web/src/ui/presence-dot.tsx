import type { DevicePresence } from '@markco/core/device/device';

const WORDS: Record<DevicePresence, string> = { online: 'Online', suspect: 'Not answering', offline: 'Offline' };
const LOOKS: Record<DevicePresence, string> = {
  online: 'bg-good border-good',
  suspect: 'bg-warn border-warn',
  offline: 'bg-transparent border-line-strong',
};

/** Presence as words (also for screen readers) beside a dot that differs in shape, not only in colour (WB8). */
export function PresenceDot({ presence, words = false }: { presence: DevicePresence | null; words?: boolean }) {
  const said = presence ? WORDS[presence] : 'Presence unknown';
  return (
    <span className="inline-flex shrink-0 items-center gap-1.5">
      <span aria-hidden="true" title={said} className={`inline-block size-2.5 rounded-full border-2 ${LOOKS[presence ?? 'offline']}`} />
      <span className={words ? 'text-sm' : 'sr-only'}>{said}</span>
    </span>
  );
}
