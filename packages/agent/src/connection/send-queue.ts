import type { AgentMessage, SendReply } from '@markco/core/device/agent-message';
import { SocketLostError } from './socket.ts';

const MAX_KEPT = 500;

interface Kept {
  message: AgentMessage;
  resolve: (reply: SendReply) => void;
  reject: (error: unknown) => void;
}

export interface Sender {
  send(message: AgentMessage): Promise<SendReply>;
}

/**
 * Sends over whatever socket there is. A message that may be kept waits for the next socket and is sent again when its
 * answer was lost (the server ignores repeats); the others fail at once. Kept messages go out in order, one at a time.
 */
export class SendQueue {
  #socket: Sender | null = null;
  #kept: Kept[] = [];
  #draining = false;

  get connected(): boolean {
    return this.#socket !== null;
  }

  attach(socket: Sender): void {
    this.#socket = socket;
    void this.#drain();
  }

  detach(): void {
    this.#socket = null;
  }

  /** Now or never: rejects with {@link SocketLostError} without a socket. */
  now(message: AgentMessage): Promise<SendReply> {
    return this.#socket ? this.#socket.send(message) : Promise.reject(new SocketLostError('There is no connection to the server.'));
  }

  /** Until answered. The oldest is dropped where more than 500 wait. */
  keep(message: AgentMessage): Promise<SendReply> {
    return new Promise((resolve, reject) => {
      this.#kept.push({ message, resolve, reject });
      if (this.#kept.length > MAX_KEPT) this.#kept.shift()?.reject(new SocketLostError('Too many messages wait for a connection.'));
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (this.#socket && this.#kept.length > 0) {
        const socket = this.#socket;
        const first = this.#kept[0]!;
        try {
          first.resolve(await socket.send(first.message));
        } catch (error) {
          if (error instanceof SocketLostError) {
            if (this.#socket === socket) this.#socket = null;
            continue;
          }
          first.reject(error);
        }
        if (this.#kept[0] === first) this.#kept.shift();
      }
    } finally {
      this.#draining = false;
    }
  }
}
