import { RECONNECT_MAX_MS, RECONNECT_MIN_MS } from '@markco/core/device/constants';

/** AG2: full jitter between 1 s and a ceiling that doubles with each failed attempt (from 0) up to 30 s. Milliseconds. */
export function reconnectDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** Math.min(attempt + 1, 10));
  return Math.round(RECONNECT_MIN_MS + random() * (ceiling - RECONNECT_MIN_MS));
}
