import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE } from '@markco/core/sync/close-code';
import { WebSocket, WebSocketServer } from 'ws';
import { type ApiContext, createContext } from '../context.ts';
import { toPublicError } from '../public-error.ts';
import type { Resources } from '../resources.ts';
import { watchRun } from '../run-engine/watch-run.ts';
import { type RunPlace, scopedSql } from '../scope.ts';
import { apiMetrics } from './api-metrics.ts';
import { drained } from './drained.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { end, type SocketRegistry } from './socket-registry.ts';

const MAX_WAITING_BYTES = 1_000_000;
/** Longest a reader may take over half of that. */
const KEEP_UP_MS = 10_000;

/**
 * RU17: `WS /api/runs/:id/events?after=N`: the run's items as one JSON message each, backlog first. Who may not see the run is
 * refused at the upgrade. A reader that does not keep up is closed with 1013 and comes back with the last seq it has.
 */
export function createRunEventSockets(resources: Resources, registry: SocketRegistry) {
  const server = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  return {
    async upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, runId: string, after: number): Promise<void> {
      try {
        const ctx = await createContext(resources, req, { socket: true });
        if (!ctx.principal) return refuseUpgrade(socket, 401, 'You are not signed in.');
        const place = await scopedSql(resources.sql, ctx.principal).run(runId);
        server.handleUpgrade(req, socket, head, (accepted) => void stream(resources, registry, accepted, ctx, { runId, after, place }));
      } catch (error) {
        const { http, message } = toPublicError(error);
        apiMetrics(resources.metrics).socketError('refused');
        refuseUpgrade(socket, http, message);
      }
    },
    close: () => server.close(),
  };
}

interface Watched {
  runId: string;
  after: number;
  place: RunPlace;
}

async function stream(
  resources: Resources,
  registry: SocketRegistry,
  socket: WebSocket,
  ctx: ApiContext,
  { runId, after, place }: Watched,
) {
  const stop = new AbortController();
  socket.on('error', () => stop.abort()).once('close', () => stop.abort());
  if (!ctx.principal || !registry.add(socket, ctx.principal)) return;
  try {
    for await (const item of watchRun(resources, ctx.principal, runId, after, stop.signal, place)) {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(JSON.stringify(item));
      await drained(socket, stop.signal, { maxBytes: MAX_WAITING_BYTES, withinMs: KEEP_UP_MS });
    }
    socket.close(1000, 'the run has ended');
  } catch (error) {
    if (stop.signal.aborted) return;
    ctx.log.warn({ err: error, run_id: runId, reason: 'watch_failed' }, 'following a run over a socket failed');
    end(resources, socket, CLOSE.tryLater, 'try again', 'watch_failed');
  }
}
