import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems hand out by themselves, or a connection could take it before a server does.
const FROM = 20_000;
/** Test files that run at the same time have a slice each, and get none of theirs twice: theirs may be waiting for its server. */
const SLICES = 8;
const SLICE = 1_500;
const slice = FROM + (Number(process.env.VITEST_POOL_ID ?? 0) % SLICES) * SLICE;
let next = Math.floor(Math.random() * SLICE);

/** A TCP port of 127.0.0.1 nobody listens on now, for a server that starts later, or must be found there again after a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = slice + (next++ % SLICE);
    const server = createServer();
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}
