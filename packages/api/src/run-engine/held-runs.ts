import { QUEUE_AUTOSTART_MS } from '@markco/core/device/constants';
import type { RunRow } from './run-row.ts';

/** A run the person released says so, and is not held a second time. */
export const RELEASED_MESSAGE = 'Runs as soon as the computer is there.';

/** RU8: waited more than an hour for a computer, so the person decides before it starts. */
export function mustAsk(run: Pick<RunRow, 'reason' | 'createdAt' | 'message'>, now: Date): boolean {
  const waited = now.getTime() - run.createdAt.getTime() > QUEUE_AUTOSTART_MS;
  return waited && run.reason === 'queued_device_offline' && run.message !== RELEASED_MESSAGE;
}
