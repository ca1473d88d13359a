import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MrpStreamEvent } from '@markco/core/mrp/stream-event';
import { afterEach, describe, expect, it } from 'vitest';
import { ExitWatch } from './exit-watch.ts';
import { MrpHttpClient } from './mrp-http-client.ts';
import { connectRegistered, discoverRuntimes } from './registered.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Somebody else's runtime. */
async function other(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => handler(request, response, Buffer.concat(parts).toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const collect = async (client: Pick<MrpHttpClient, 'execute'>): Promise<MrpStreamEvent[]> => {
  const events: MrpStreamEvent[] = [];
  await client.execute({ execId: 'e1', code: 'x' }, (event) => void events.push(event));
  return events;
};

describe('MRP client (AG4b)', () => {
  it('AG4b: bears a runtime without /health, with accumulated output and without done', async () => {
    const url = await other((request, response) => {
      if (request.url !== '/mrp/v1/execute/stream') return json(response, 404, { error: 'not_found' });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': keep-alive\n\nevent: stdout\ndata: {"content":"a","accumulated":"a","seq":1}\n\n');
      response.write('event: novelty\ndata: {}\n\nevent: stdout\ndata: {"content":"ž');
      response.end('","accumulated":"až","seq":1}\n\nevent: result\ndata: {"success":true,"result":"5","displayData":[]}\n\n');
    });
    const client = new MrpHttpClient({ baseUrl: `${url}/mrp/v1/` }, new ExitWatch());
    expect(await client.health()).toEqual({ state: 'idle', currentExecId: null });
    const events = await collect(client);
    expect(events.map((event) => event.event)).toEqual(['stdout', 'stdout', 'display', 'result', 'done']);
  });

  it('RU13: 409 is RuntimeBusyError with the execution that runs; 503 is RuntimeUnavailableError', async () => {
    const url = await other((request, response) =>
      request.url!.endsWith('/execute/stream')
        ? json(response, 409, { error: 'execution_in_progress', message: 'm', execId: 'other' })
        : json(response, 503, { error: 'runtime_busy' }),
    );
    const client = new MrpHttpClient({ baseUrl: url }, new ExitWatch());
    await expect(collect(client)).rejects.toMatchObject({ name: 'RuntimeBusyError', execId: 'other' });
    await expect(client.introspect('variables', {})).rejects.toMatchObject({ name: 'RuntimeUnavailableError' });
  });

  it('a stream that breaks while the runtime lives is said to be lost', async () => {
    const url = await other((request, response) => {
      if (request.url!.endsWith('/health')) return json(response, 200, { state: 'busy', currentExecId: 'e1' });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: stdout\ndata: {"content":"a"}\n\n', () => response.destroy());
    });
    const events = await collect(new MrpHttpClient({ baseUrl: url }, new ExitWatch()));
    expect(events.map((event) => event.event)).toEqual(['stdout', 'error', 'done']);
    expect(events[1]).toMatchObject({ error: { type: 'StreamLost' } });
  });

  it('RU12: closing a registered runtime lets go of what runs there, and of nothing else', async () => {
    const asked: string[] = [];
    const url = await other((request, response) => {
      asked.push(request.url!);
      if (!request.url!.endsWith('/execute/stream')) return json(response, 200, { state: 'busy', currentExecId: 'e1' });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: stdout\ndata: {"content":"a"}\n\n');
    });
    const runtime = await connectRegistered({ id: 'theirs', baseUrl: url, languages: ['python'] });
    let closing: Promise<void> | undefined;
    const run = runtime.execute({ execId: 'e1', code: 'x' }, () => {
      closing = runtime.close();
    });
    await expect(run).rejects.toMatchObject({ name: 'RuntimeDiedError', message: expect.stringContaining('started elsewhere') });
    await closing;
    expect(asked).toEqual(['/mrp/v1/execute/stream']);
  });

  it('AG5: a runtime that cannot be reached has died', async () => {
    const url = await other((_, response) => json(response, 200, {}));
    for (const server of servers.splice(0)) server.close();
    const exit = new ExitWatch();
    await expect(collect(new MrpHttpClient({ baseUrl: url }, exit))).rejects.toMatchObject({ name: 'RuntimeDiedError' });
    expect(exit.exit).not.toBeNull();
  });

  it('AG7: a question gives up at the budget of its caller', async () => {
    const url = await other(() => undefined);
    const client = new MrpHttpClient({ baseUrl: url }, new ExitWatch());
    await expect(client.introspect('complete', { code: 'a', cursor: 1 }, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('registered runtimes (AG4b)', () => {
  it('AG4b: finds what answers, ignores what is stale, deletes nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'markco-registered-'));
    try {
      const url = await other((request, response) =>
        request.url === '/mrp/v1/capabilities'
          ? json(response, 200, { runtime: 'bash', languages: ['bash', 'sh'] })
          : json(response, 404, {}),
      );
      const mute = await other((_, response) => json(response, 404, {}));
      const port = Number(new URL(url).port);
      await writeFile(join(folder, 'good.json'), JSON.stringify({ pid: process.pid, port, url, cwd: '/tmp', venv: null }));
      await writeFile(join(folder, 'port-only.json'), JSON.stringify({ pid: process.pid, port }));
      await writeFile(join(folder, 'dead.json'), JSON.stringify({ pid: 2 ** 22 + 1, port, url }));
      await writeFile(join(folder, 'closed.json'), JSON.stringify({ pid: process.pid, port: 1 }));
      await writeFile(join(folder, 'broken.json'), '{');
      const found = await discoverRuntimes({
        folder,
        configured: [{ id: 'mine', url: mute, language: 'r' }, { url: 'http://127.0.0.1:1' }],
      });
      expect(found.map((each) => [each.id, each.languages[0]])).toEqual([
        ['good', 'bash'],
        ['port-only', 'bash'],
        ['mine', 'r'],
      ]);
      expect(await readdir(folder)).toHaveLength(5);
      const runtime = await connectRegistered(found[0]!);
      expect(runtime).toMatchObject({ kind: 'registered', language: 'bash', cwd: '/tmp', pid: process.pid });
      await runtime.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('AG4b: no folder is no runtimes', async () => {
    expect(await discoverRuntimes({ folder: '/nonexistent/markco' })).toEqual([]);
  });
});
