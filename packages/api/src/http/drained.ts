import type { WebSocket } from 'ws';

const LOOK_AGAIN_MS = 10;

/**
 * Resolves when fewer than `maxBytes` wait to be read on the other side, at once where that is so, or with the signal. A slow reader then
 * costs the server this much and no more.
 * @param options `withinMs`: rejects where the reader takes longer
 */
export async function drained(
  socket: Pick<WebSocket, 'bufferedAmount' | 'readyState' | 'OPEN'>,
  signal: AbortSignal,
  { maxBytes, withinMs = Number.POSITIVE_INFINITY }: { maxBytes: number; withinMs?: number },
): Promise<void> {
  if (socket.bufferedAmount <= maxBytes) return;
  const began = performance.now();
  while (socket.bufferedAmount > maxBytes / 2 && socket.readyState === socket.OPEN && !signal.aborted) {
    if (performance.now() - began > withinMs) throw new Error('the reader does not keep up');
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
