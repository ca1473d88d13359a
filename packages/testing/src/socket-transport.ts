import { AgentSocket, type SocketEnd } from '@markco/agent/connection/socket';
import type { ServerMessage } from '@markco/core/device/agent-message';
import type { AgentTransport } from './fake-device.ts';

/** What the command stream of a {@link socketTransport} fails with. */
export class SocketEnded extends Error {
  readonly end: SocketEnd;
  constructor(end: SocketEnd) {
    super(end.reason);
    this.end = end;
  }
}

/**
 * A fake device's way over a real socket, with the agent's own client.
 * @param server http address of the web process
 * @param token makes the access token of the next connection
 */
export function socketTransport(server: string, token: () => Promise<string>): AgentTransport {
  let socket: AgentSocket | null = null;
  return {
    async commands(hello, signal) {
      const queue: ServerMessage[] = [];
      let wake: () => void = () => {};
      let ended: SocketEnd | null = null;
      const onMessage = (raw: unknown) => {
        queue.push(raw as ServerMessage);
        wake();
      };
      const opened = new AgentSocket({ server, token: await token(), register: hello, onMessage });
      socket = opened;
      signal.addEventListener('abort', () => opened.close());
      void opened.closed.then((end) => {
        ended = end;
        wake();
      });
      async function* messages(): AsyncGenerator<ServerMessage> {
        for (;;) {
          while (queue.length > 0) yield queue.shift()!;
          if (ended && signal.aborted) return;
          if (ended) throw new SocketEnded(ended);
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (queue.length > 0 || ended) resolve();
          });
        }
      }
      return messages();
    },
    send(message) {
      if (!socket) throw new Error('connect first');
      return socket.send(message);
    },
  };
}
