import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** The connection below a WebSocket, which `ws` has and its types do not name; null where it has ended. */
export const streamOf = (socket: WebSocket): Socket | null => (socket as unknown as { _socket: Socket | null })._socket;
