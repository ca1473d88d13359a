import { setTimeout as sleepFor } from 'node:timers/promises';
import type { DeviceTokens, deviceStartReply } from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import type { z } from 'zod';
import type { ApiClient } from '../api-client/api-client.ts';

export interface AboutDevice {
  name: string;
  kind: 'desktop' | 'headless' | 'worker';
  platform: string;
  /** Signing in again as the same device. */
  deviceId?: string | undefined;
}

export type DeviceCode = z.output<typeof deviceStartReply>;

export interface DeviceGrantOptions {
  api: ApiClient;
  about: AboutDevice;
  /** Shows the code and the address to the person. */
  onCode: (code: DeviceCode) => void | Promise<void>;
  signal?: AbortSignal;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<unknown>;
  now?: () => number;
}

/**
 * EL1, RFC 8628: asks for a code, shows it and waits until the person decided elsewhere. Obeys the server's interval and
 * `slow_down`; a lost network only makes it slower.
 * @throws AppError `forbidden` when the person says no, `timeout` when the code expires
 */
export async function deviceGrant(options: DeviceGrantOptions): Promise<DeviceTokens> {
  const { api, about, onCode, signal, sleep = (ms, s) => sleepFor(ms, undefined, { signal: s }), now = Date.now } = options;
  const code = await api.call('auth.deviceStart', about, signal);
  const expires = now() + code.expiresIn * 1000;
  await onCode(code);
  let interval = code.interval;
  while (now() < expires) {
    await sleep(interval * 1000, signal);
    const reply = await poll(api, code.deviceCode, signal);
    // RFC 8628, 3.5: on a timeout of the connection, wait longer.
    if (reply === null) interval = Math.min(interval * 2, 60);
    else if (reply.status === 'granted') return reply.tokens;
    else if (reply.status === 'denied')
      throw new AppError('forbidden', 'The sign-in was refused on the other device. Start it again if that was a mistake.');
    else if (reply.status === 'expired') break;
    else interval = Math.max(interval, reply.interval);
  }
  throw new AppError('timeout', 'The code expired before it was confirmed. Start signing in again.');
}

/** Null where the server could not be reached just now. */
async function poll(api: ApiClient, deviceCode: string, signal: AbortSignal | undefined) {
  try {
    return await api.call('auth.devicePoll', { deviceCode }, signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    if (error instanceof AppError && ['unavailable', 'timeout', 'rate_limited', 'internal'].includes(error.code)) return null;
    throw error;
  }
}
