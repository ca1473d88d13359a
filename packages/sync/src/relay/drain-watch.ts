import type { WebSocket } from 'ws';
import { streamOf } from './stream-of.ts';

/**
 * Whether the other side takes what waits for it (SY13): a stalled reader differs from a slow line in that nothing moves. A frame counts as
 * waiting until all of it is gone, and a document is one frame: how much of it the system has taken is known to the handle only.
 */
export class DrainWatch {
  readonly #socket: WebSocket;
  #waiting: number;
  #handed: number;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#waiting = socket.bufferedAmount;
    this.#handed = handedOf(socket);
  }

  /** Whether less waits than when it was asked last. */
  moved(): boolean {
    const [waiting, handed] = [this.#socket.bufferedAmount, handedOf(this.#socket)];
    const moved = waiting < this.#waiting || handed < this.#handed;
    this.#waiting = waiting;
    this.#handed = handed;
    return moved;
  }
}

/** Bytes handed to the system that it has not taken yet; what `net.Socket` itself goes by when it is told to end idle sockets. */
function handedOf(socket: WebSocket): number {
  const stream = streamOf(socket) as { _handle?: { writeQueueSize: number } | null } | null;
  return stream?._handle?.writeQueueSize ?? 0;
}
