import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { admin } from '../lib/admin.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { Phone } from '../lib/phone.ts';

describe('SY1 a stock y-websocket 3 client', () => {
  let installation: Installation;
  let phone: Phone;
  let token: string;

  beforeAll(async () => {
    installation = await startInstallation();
    phone = await Phone.local(installation.url);
    token = admin(installation, 'token', 'create', '--user', 'local');
  });
  afterAll(async () => {
    phone?.close();
    await installation?.remove();
  });

  const connect = (base: string, room: string, params: Record<string, string>) => {
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(base, room, doc, { params, WebSocketPolyfill: WebSocket as never, disableBc: true });
    return { doc, provider, text: doc.getText('content') };
  };

  it('SY1 edits a document beside our client, on the relay itself and through the web process, with and without the ending', async () => {
    const me = await phone.api.auth.me.query();
    const project = await phone.api.projects.create.mutate({ name: 'Über notes' });
    const view = await phone.api.documents.create.mutate({ projectId: project.id, path: 'ordner/Grüße.md', text: '# Hallo\n' });
    const ours = await phone.openSynced(view.id);
    const slug = encodeURIComponent(project.slug);
    const direct = connect(`${installation.syncUrl.replace('http', 'ws')}/sync/${me.id}/${slug}`, `ordner/${encodeURIComponent('Grüße')}`, {
      token,
    });
    const proxied = connect(
      `${installation.url.replace('http', 'ws')}/u/${me.id}/sync/${slug}`,
      `ordner/${encodeURIComponent('Grüße.md')}`,
      { token },
    );
    await until('both have the text', () => direct.text.toString() === '# Hallo\n' && proxied.text.toString() === '# Hallo\n');
    direct.text.insert(direct.text.length, 'from stock\n');
    ours.text.insert(0, 'from ours\n');
    proxied.text.insert(proxied.text.length, 'from proxied 👩‍🚀\n');
    await until('all are equal', () => {
      const texts = [direct, proxied, ours].map(({ text }) => text.toString());
      return texts.every(
        (text) => text === texts[0] && text.includes('from stock') && text.includes('from ours') && text.includes('from proxied 👩‍🚀'),
      );
    });
    await until(
      'the API reads it',
      async () => (await phone.api.documents.get.query({ documentId: view.id })).text === ours.text.toString(),
    );
    for (const client of [direct, proxied]) client.provider.destroy();
    ours.close();
  });

  it.each([
    ['no token', {}, 401],
    ['a made-up token', { token: 'mk_not-a-token' }, 401],
  ])('SY2 is refused at the upgrade with %s', async (_what, params, status) => {
    const me = await phone.api.auth.me.query();
    const query = new URLSearchParams(params as Record<string, string>);
    const answer = await new Promise<number>((resolve) => {
      const socket = new WebSocket(`${installation.syncUrl.replace('http', 'ws')}/sync/${me.id}/some/doc?${query}`);
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.once('open', () => resolve(101));
      socket.once('error', () => undefined);
    });
    expect(answer).toBe(status);
  });
});
