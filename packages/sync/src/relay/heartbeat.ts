import { CLOSE } from '@markco/core/sync/close-code';
import type { Log } from '../log.ts';
import { withDeadline } from '../with-deadline.ts';
import type { Authorizer } from './authorize.ts';
import type { RelayLimits } from './limits.ts';
import type { RelayMetrics } from './metrics.ts';
import type { SocketPeer } from './socket-peer.ts';

const RECHECK_TIMEOUT_MS = 10_000;

export interface HeartbeatOptions {
  readonly authorizer: Authorizer;
  readonly limits: RelayLimits;
  readonly log: Log;
  readonly metrics: RelayMetrics;
  /** Every open socket of the process. */
  readonly peers: () => Iterable<SocketPeer>;
}

/** One timer for all sockets: ends those that do not answer a ping, and checks permissions again (SY3). */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #checking = new Set<SocketPeer>();
  #nextPingAt: number;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#nextPingAt = Date.now() + options.limits.pingMs;
    this.#timer = setInterval(() => this.#beat(), Math.min(1_000, options.limits.recheckMs, options.limits.pingMs));
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Asks again whether the socket may stay, and closes it where not. A check that fails itself changes nothing: it is repeated. */
  async recheck(peer: SocketPeer): Promise<void> {
    if (this.#checking.has(peer)) {
      // The running check may have read the rows before the change that asks for this one.
      peer.nextCheckAt = 0;
      return;
    }
    const { authorizer, limits, log, metrics } = this.#options;
    this.#checking.add(peer);
    peer.nextCheckAt = Date.now() + limits.recheckMs;
    try {
      const verdict = await withDeadline(authorizer.recheck(peer.access), RECHECK_TIMEOUT_MS);
      if (!verdict.ok) peer.close(verdict.code, verdict.reason);
    } catch (error) {
      metrics.error('recheck');
      log.warn(
        { err: error, user_id: peer.access.userId, reason: 'recheck' },
        'A permission could not be checked again; the socket stays until it can be.',
      );
      peer.nextCheckAt = Date.now() + Math.min(limits.recheckMs, 5_000);
    } finally {
      this.#checking.delete(peer);
    }
  }

  #beat(): void {
    const now = Date.now();
    const ping = now >= this.#nextPingAt;
    if (ping) this.#nextPingAt = now + this.#options.limits.pingMs;
    for (const peer of this.#options.peers()) {
      if (ping && !peer.ping()) peer.terminate();
      if (peer.nextCheckAt <= now) void this.recheck(peer);
    }
  }
}

/** What closing everything says (OP4). */
export const GOING_AWAY = { code: CLOSE.goingAway, reason: 'The server restarts. Reconnecting.' } as const;
