import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '@markco/testing/relay-harness';
import { describe, expect, it, vi } from 'vitest';
import { cleanUp, refusal, start, stock, synced } from './relay-test-kit.ts';

describe('upgrades', () => {
  it('SY2: are refused with a status, not accepted and closed', async () => {
    const harness = await start();
    const { ref } = harness;
    expect(await refusal(harness.documentUrl(ref, { token: 'bad' }))).toBe(401);
    expect(await refusal(harness.documentUrl({ ...ref, path: 'other.md' }))).toBe(404);
    expect(await refusal(`ws://127.0.0.1:${harness.port}/sync/${ref.userId}/notes/..%2fsecret.md`)).toBe(404);
    expect(await refusal(`ws://127.0.0.1:${harness.port}/elsewhere`)).toBe(404);
  });

  it('SY6: a document that cannot be loaded is refused with 503, and served once it can be', async () => {
    const harness = await start({ text: 'precious' });
    const load = vi.spyOn(harness.store, 'load').mockRejectedValueOnce(new Error('the database is away'));
    expect(await refusal(harness.documentUrl(harness.ref))).toBe(503);
    load.mockRestore();
    const a = stock(harness);
    await synced(a.provider);
    expect(a.doc.getText('content').toString()).toBe('precious');
  });

  it('SY2: an upgrade that takes too long is refused', async () => {
    const harness = await start({ limits: { upgradeTimeoutMs: 20 } });
    vi.spyOn(harness.authorizer, 'authorize').mockReturnValue(new Promise(() => {}));
    expect(await refusal(harness.documentUrl(harness.ref))).toBe(503);
  });

  it('SY16: a client that leaves while the document is loaded does not keep it open', async () => {
    const harness = await start({ limits: { unloadAfterMs: 5 } });
    const { load, loading, go } = heldLoad(harness);
    const socket = ask(harness);
    await loading;
    const [there] = harness.sockets;
    socket.end();
    await until(() => !there!.readable, 120_000, 'the relay to hear that the client left');
    expect(there!.destroyed).toBe(false);
    go();
    await until(() => harness.relay.stats().documents === 0, 120_000, 'the document to be unloaded');
    expect(load).toHaveBeenCalledTimes(1);
    expect(harness.sockets.size).toBe(0);
  });

  it.each(['Sec-WebSocket-Version: 12', 'Sec-WebSocket-Key: short', 'Sec-WebSocket-Protocol: ,'])(
    'SY16: a handshake that is none (%s) is refused and does not keep the document open',
    async (header) => {
      const harness = await start({ limits: { unloadAfterMs: 5 } });
      const load = vi.spyOn(harness.store, 'load');
      const [name, value] = header.split(': ') as [string, string];
      const [answer] = (await once(ask(harness, { [name]: value }), 'data')) as [Buffer];
      expect(answer.toString()).toContain('HTTP/1.1 400');
      await until(() => harness.relay.stats().documents === 0, 120_000, 'the document to be unloaded');
      expect(load).toHaveBeenCalledTimes(1);
    },
  );

  it('SY2: who is refused and does not close its side is not kept', async () => {
    const harness = await start();
    const stranger = { ...harness, ref: { ...harness.ref, path: 'other.md' } };
    const socket = ask(stranger, {}, { allowHalfOpen: true });
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toContain('HTTP/1.1 404');
    await until(() => harness.sockets.size === 0, 120_000, 'the connection to be ended');
  });
});

type Harness = Awaited<ReturnType<typeof start>>;

/** Asks for the document as a WebSocket client does, with these headers changed. */
function ask(harness: Harness, changed: Record<string, string> = {}, options: { allowHalfOpen?: boolean } = {}): Socket {
  const { pathname } = new URL(harness.documentUrl(harness.ref));
  const headers = {
    ...{ Host: 'relay', Connection: 'Upgrade', Upgrade: 'websocket' },
    ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    ...changed,
  };
  const socket = connect({ port: harness.port, host: '127.0.0.1', ...options });
  cleanUp(() => socket.destroy());
  socket.on('error', () => {});
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return socket;
}

/** The next load waits for `go`; `loading` resolves when it is asked for. */
function heldLoad(harness: Harness) {
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const real = harness.store.load.bind(harness.store);
  const load = vi.spyOn(harness.store, 'load');
  const loading = new Promise<void>((resolve) => {
    load.mockImplementation(async (id) => {
      resolve();
      await gate;
      return real(id);
    });
  });
  return { load, loading, go: () => go() };
}
