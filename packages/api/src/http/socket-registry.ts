import { CLOSE } from '@markco/core/sync/close-code';
import type { WebSocket } from 'ws';
import { fallen } from '../auth/authenticate.ts';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { apiMetrics } from './api-metrics.ts';

const RECHECK_MS = 60_000;
const RECHECKED_AT_ONCE = 500;
const MAX_A_PERSON = 200;

/** The open sockets of this process and who they belong to, so that revoking access closes them (SE2). */
export interface SocketRegistry {
  /** Counts the socket to `principal` until it closes. False where the person has too many; it is closed then. */
  add(socket: WebSocket, principal: Principal): boolean;
  /** Closes every socket with "going away" (OP4). */
  close(): void;
}

/** Asks again, for sockets of whom the bus names, after a reconnect of the bus for all, and once a minute for all. */
export function createSocketRegistry(resources: Resources): SocketRegistry {
  const open = new Map<WebSocket, Principal>();
  const recheck = async (concerns: (principal: Principal) => boolean) => {
    const asked = [...new Set(open.values())].filter(concerns);
    for (let from = 0; from < asked.length; from += RECHECKED_AT_ONCE) {
      // While the database is away nobody's access is taken as gone.
      const gone = new Set(await fallen(resources, asked.slice(from, from + RECHECKED_AT_ONCE)).catch(() => []));
      if (gone.size === 0) continue;
      for (const [socket, principal] of open)
        if (gone.has(principal)) end(resources, socket, CLOSE.unauthenticated, 'signed out', 'revoked');
    }
  };
  const stops = [
    resources.bus.subscribe('access.changed', ({ userId, sid }) => recheck((one) => one.userId === userId && (!sid || sid === one.sid))),
    resources.bus.onReconnect(() => recheck(() => true)),
  ];
  const timer = setInterval(() => recheck(() => true), RECHECK_MS).unref();
  return {
    add(socket, principal) {
      const own = [...open.values()].filter((one) => one.userId === principal.userId && one.kind !== 'worker');
      if (own.length >= MAX_A_PERSON) {
        end(resources, socket, CLOSE.tryLater, `more than ${MAX_A_PERSON} connections`, 'too_many');
        return false;
      }
      open.set(socket, principal);
      socket.once('close', () => open.delete(socket));
      return true;
    },
    close() {
      clearInterval(timer);
      for (const stop of stops) stop();
      for (const socket of open.keys()) socket.close(CLOSE.goingAway, 'the server restarts');
    },
  };
}

/** Closes a socket and counts why. `reason` is one of our own words. */
export function end(resources: Resources, socket: WebSocket, code: number, message: string, reason: string): void {
  apiMetrics(resources.metrics).socketError(reason);
  socket.close(code, message);
}
