import { OFFLINE_AFTER_MS, SUSPECT_AFTER_MS } from './constants.ts';
import type { DevicePresence } from './device.ts';

/**
 * AG2: what the age of the last word says about a device: suspect from 25 s, offline from 35 s.
 * @param now milliseconds or Date of the asker's clock
 * @param lastSeen when the device last said anything; null: never
 */
export function presence(now: Date | number, lastSeen: Date | number | null): DevicePresence {
  if (lastSeen === null) return 'offline';
  const age = Number(now) - Number(lastSeen);
  if (age >= OFFLINE_AFTER_MS) return 'offline';
  return age >= SUSPECT_AFTER_MS ? 'suspect' : 'online';
}

const RANK: Record<DevicePresence, number> = { online: 0, suspect: 1, offline: 2 };

/** The worse of two judgements: a goodbye (stored offline) holds, whatever the age of the last heartbeat says. */
export const worsePresence = (a: DevicePresence, b: DevicePresence): DevicePresence => (RANK[a] >= RANK[b] ? a : b);
