import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import next from 'next';

/** Next.js as a part of this process. */
export interface Pages {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Reload messages in development. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** Prepares Next.js for `dir`. Rejects where there is no build to serve. */
export async function startNext(options: { dev: boolean; dir: string; hostname: string; port: number }): Promise<Pages> {
  // Given a server, Next would take every upgrade of it, ours included; this one never listens.
  const app = next({ ...options, httpServer: createServer() });
  await app.prepare();
  const handle = app.getRequestHandler();
  const handleUpgrade = app.getUpgradeHandler();
  return { handle: (req, res) => handle(req, res), handleUpgrade, close: () => app.close() };
}
