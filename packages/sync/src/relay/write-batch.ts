import type { Socket } from 'node:net';

let corked: Socket[] = [];

/** Writes to a stream so that all that goes to it in one turn of the event loop leaves in one system call. */
export function writeBatched(stream: Socket, bytes: Buffer): void {
  if (stream.writableCorked === 0) {
    stream.cork();
    if (corked.length === 0) process.nextTick(uncorkAll);
    corked.push(stream);
  }
  stream.write(bytes);
}

function uncorkAll(): void {
  const streams = corked;
  corked = [];
  for (const stream of streams) stream.uncork();
}
