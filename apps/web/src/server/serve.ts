import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Api } from '@markco/api/http/create-api';
import type { Resources } from '@markco/api/resources';
import { handleLocalSignIn } from './local-sign-in.ts';
import { handleOutputFrame } from './output-frame.ts';
import { serviceWorkerSource } from './service-worker.ts';
import type { Pages } from './start-next.ts';
import { createStaticScripts } from './static-scripts.ts';
import { isSyncPath, proxySyncUpgrade } from './sync-proxy.ts';

/** Requests under way get this long at the end, in ms (OP4). */
const FINISH_MS = 4_000;

interface ServeOptions {
  resources: Resources;
  api: Api;
  relayUrl: string;
  dir: string;
  dev: boolean;
  /** Behind TLS: browsers are told to stay there (SE3). */
  secure: boolean;
}

/** The one HTTP server of the process. */
export interface WebServer {
  listen(port: number, host: string): Promise<number>;
  /** From now on pages are served; until then `/readyz` says no. */
  servePages(pages: Pages): void;
  /** OP4: takes nothing new, says "going away" to sockets, lets requests finish. */
  stop(): Promise<void>;
}

const answer = (res: ServerResponse, status: number, text: string) =>
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'retry-after': '2' }).end(text);

/** The API first, then pages; sockets to the relay, the API or, in development, Next's reload. */
export function serve({ resources, api, relayUrl, dir, dev, secure }: ServeOptions): WebServer {
  const { log } = resources;
  const relayed = new Set<Duplex>();
  const scripts = createStaticScripts(dir);
  let pages: Pages | null = null;
  let worker: string | null = null;

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (secure) res.setHeader('strict-transport-security', 'max-age=31536000; includeSubDomains');
    if (!pages && req.url === '/readyz') return void answer(res, 503, 'The pages are still being prepared.');
    if (handleLocalSignIn(resources, req, res) || handleOutputFrame(req, res)) return;
    if (!req.url?.startsWith('/api/auth/') && (await api.handleHttp(req, res))) return;
    if (!pages) return void answer(res, 503, 'MarkCo is starting. Try again in a moment.');
    if (req.url === '/sw.js' && !dev) {
      worker ??= serviceWorkerSource(dir);
      res.writeHead(200, {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      });
      return void res.end(worker);
    }
    if (!dev && (await scripts(req, res))) return;
    await pages.handle(req, res);
  };

  const server = createServer((req, res) => {
    handle(req, res).catch((error: unknown) => {
      log.error({ err: error }, 'a request failed');
      if (res.headersSent) res.destroy();
      else answer(res, 500, 'Something went wrong here. Try again; nothing you wrote is lost.');
    });
  });
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isSyncPath(req.url)) {
      relayed.add(socket);
      socket.once('close', () => relayed.delete(socket));
      return proxySyncUpgrade(relayUrl, req, socket, head);
    }
    if (dev && req.url?.startsWith('/_next/')) return void pages?.handleUpgrade(req, socket, head);
    if (!api.handleUpgrade(req, socket, head)) socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address ? address.port : port);
        });
      }),
    servePages: (ready) => {
      pages = ready;
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await api.close();
      for (const socket of relayed) socket.destroy();
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), FINISH_MS);
      await closed;
      clearTimeout(late);
      await pages?.close();
    },
  };
}
