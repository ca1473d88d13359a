import type { TRPCWebSocketClient } from '@trpc/client';

/** What tRPC's client has beside what its types say. */
interface Inside {
  readonly activeConnection: { isOpen(): boolean };
  readonly requestManager: { flush(): { message: unknown }[] };
  send(messages: unknown[]): void;
}

/**
 * Sends what was just asked of the client. By itself it waits for a timer, so that requests can share a message: a millisecond at least,
 * and longer where the process has something to do, which here is what the answer is awaited for. Before the socket is open, it waits for that.
 */
export function sendAtOnce(client: TRPCWebSocketClient): void {
  const inside = client as unknown as Inside;
  if (!inside.activeConnection.isOpen()) return;
  const requests = inside.requestManager.flush();
  if (requests.length > 0) inside.send(requests.map(({ message }) => message));
}
