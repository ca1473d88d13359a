import { queryObjects } from 'node:v8';
import { readSyncEnv } from '@markco/sync/env';
import { silentLog } from '@markco/sync/log';
import { Room } from '@markco/sync/relay/room';
import { SocketPeer } from '@markco/sync/relay/socket-peer';
import { startSidecar } from '@markco/sync/sidecar/start-sidecar';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

/** The relay process under soak: the real sidecar, which also counts what is alive in its heap, and may let go of documents sooner. */
const unloadAfterMs = Number(process.env.SOAK_UNLOAD_MS ?? 30_000);
const sidecar = await startSidecar(readSyncEnv(process.env), silentLog, { unloadAfterMs });

const KINDS = { Room, SocketPeer, WebSocket, 'Y.Doc': Y.Doc };
const tellStats = () => {
  const { connections, documents, pendingBytes } = sidecar.relay.stats();
  return { connections, documents, pendingBytes };
};
Object.assign(globalThis, {
  tellStats,
  // Kept objects of these kinds are leaks, whatever holds them: a timer, a listener, a map. Each count walks the whole heap.
  countLiveObjects: () =>
    Object.fromEntries(Object.entries(KINDS).map(([kind, of]) => [kind, queryObjects(of as never, { format: 'count' })])),
});

process.once('SIGTERM', () => void sidecar.stop().then((saved) => process.exit(saved ? 0 : 1)));
