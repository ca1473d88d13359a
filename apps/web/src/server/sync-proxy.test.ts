import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { isSyncPath, proxySyncUpgrade } from './sync-proxy.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) each.close();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return (server.address() as AddressInfo).port;
}

async function proxyTo(relayUrl: string): Promise<number> {
  const web = createServer();
  web.on('upgrade', (req, socket, head) => proxySyncUpgrade(relayUrl, req, socket, head));
  return listen(web);
}

describe('proxySyncUpgrade', () => {
  it('knows the addresses of the relay', () => {
    expect(['/sync/u/p/d.md', '/u/someone/sync/p/d.md', '/api/trpc', '/u/someone/p', undefined].map(isSyncPath)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('carries frames both ways and the close code back (SY2)', async () => {
    const relay = createServer();
    const sockets = new WebSocketServer({ server: relay });
    const seen: (string | undefined)[] = [];
    sockets.on('connection', (socket, req) => {
      seen.push(req.url, req.headers['x-forwarded-for'] as string);
      socket.on('message', (data) => {
        if (String(data) === 'bye') socket.close(4409, 'history');
        else socket.send(data, { binary: false });
      });
    });
    const port = await proxyTo(`http://127.0.0.1:${await listen(relay)}`);
    const client = new WebSocket(`ws://127.0.0.1:${port}/sync/u/p/d.md?token=t`);
    await once(client, 'open');
    client.send('hello');
    const [data] = (await once(client, 'message')) as [Buffer];
    expect(String(data)).toBe('hello');
    client.send('bye');
    const [code, reason] = (await once(client, 'close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([4409, 'history']);
    expect(seen[0]).toBe('/sync/u/p/d.md?token=t');
    expect(seen[1]).toContain('127.0.0.1');
  });

  it('passes a refusal on with its status and words', async () => {
    const relay = createServer();
    relay.on('upgrade', (_req, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 7\r\nConnection: close\r\n\r\nexpired'));
    const port = await proxyTo(`http://127.0.0.1:${await listen(relay)}`);
    const client = new WebSocket(`ws://127.0.0.1:${port}/sync/u/p/d.md`);
    client.on('error', () => undefined);
    const [, answer] = await once(client, 'unexpected-response');
    expect(answer.statusCode).toBe(401);
    expect(await answer.setEncoding('utf8').toArray()).toEqual(['expired']);
  });

  it('answers 503 in words while the relay is away', async () => {
    const gone = createServer();
    const relayPort = await listen(gone);
    gone.close();
    await once(gone, 'close');
    const port = await proxyTo(`http://127.0.0.1:${relayPort}`);
    const client = new WebSocket(`ws://127.0.0.1:${port}/sync/u/p/d.md`);
    client.on('error', () => undefined);
    const [, answer] = await once(client, 'unexpected-response');
    expect(answer.statusCode).toBe(503);
  });
});
