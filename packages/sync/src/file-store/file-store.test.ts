import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentStoreContract, type StoreUnderTest } from '../store/document-store.contract.ts';
import type { FileStore } from './file-store.ts';
import { makeFolder, OWNER, openStore, Peer, refOf, until } from './test-folder.ts';

let dir: string;
let cleanUp: () => void;
const open: FileStore[] = [];

async function start(options = {}): Promise<FileStore> {
  const store = await openStore(dir, options);
  open.push(store);
  return store;
}
const file = (name: string): string => path.join(dir, name);
const read = (name: string): string => readFileSync(file(name), 'utf8');

beforeEach(() => {
  ({ dir, cleanUp } = makeFolder());
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  cleanUp();
});

/** A document of an existing file with a connected peer. */
async function openDocument(store: FileStore, name: string, text: string): Promise<Peer> {
  mkdirSync(path.dirname(file(name)), { recursive: true });
  writeFileSync(file(name), text);
  await store.add(dir, { documentId: name, path: name });
  return Peer.open(store, refOf(name, name));
}

describe('SY11 state beside the markdown', () => {
  it('keeps text and history over a restart', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', '# One\n');
    await peer.edit((text) => text.insert(6, 'two\n'));
    await store.close();
    const again = await start();
    const second = await Peer.open(again, refOf('a.md', 'a.md'));
    expect(second.toString()).toBe('# One\ntwo\n');
    expect(read('a.md')).toBe('# One\ntwo\n');
    expect(again.meta('a.md')).toMatchObject({ path: 'a.md', dirty: true });
  });

  it('goes on from a write whose confirmation was lost in a power cut', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\n');
    await peer.edit((text) => text.insert(4, 'two\n'));
    await until(() => read('a.md') === 'one\ntwo\n');
    await store.close();
    const log = file('.markco/docs/a.md.yjs');
    // The last frame says "done", and has no payload.
    writeFileSync(log, readFileSync(log).subarray(0, -9));
    const again = await start();
    await peer.reconnect(again);
    await peer.edit((text) => text.insert(8, 'three\n'));
    await again.close();
    writeFileSync(file('a.md'), 'zero\none\ntwo\nthree\n');
    const last = await Peer.open(await start(), refOf('a.md', 'a.md'));
    expect(last.toString()).toBe('zero\none\ntwo\nthree\n');
  });

  it('compacts without losing anything', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'start\n');
    for (let i = 0; i < 50; i++) await peer.edit((text) => text.insert(text.length, `line ${i}\n`));
    const size = statSync(file('.markco/docs/a.md.yjs')).size;
    expect((await store.compact('a.md')).compacted).toBe(true);
    expect(statSync(file('.markco/docs/a.md.yjs')).size).toBeLessThan(size);
    await store.close();
    expect((await Peer.open(await start(), refOf('a.md', 'a.md'))).toString()).toBe(peer.toString());
  });

  it('drops a torn tail and keeps what was whole', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'whole\n');
    await peer.edit((text) => text.insert(0, 'kept '));
    await store.close();
    const log = file('.markco/docs/a.md.yjs');
    writeFileSync(log, Buffer.concat([readFileSync(log), Buffer.from([9, 0, 0, 0, 1, 2])]));
    expect((await Peer.open(await start(), refOf('a.md', 'a.md'))).toString()).toBe('kept whole\n');
  });

  it('lets one living process in', async () => {
    const store = await start();
    await store.close();
    writeFileSync(file('.markco/lock'), String(process.ppid));
    await expect(start()).rejects.toThrow(/Another MarkCo/);
  });
});

describe('FB6 projection', () => {
  it.each([
    ['CRLF', 'one\r\ntwo\r\n', 'one\r\nNEW two\r\n'],
    ['BOM', '\ufeffone\ntwo\n', '\ufeffone\nNEW two\n'],
    ['no final newline', 'one\ntwo', 'one\nNEW two'],
  ])('keeps %s', async (_, before, after) => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', before);
    await peer.edit((text) => text.insert(4, 'NEW '));
    await until(() => read('a.md') === after);
  });

  it('keeps the mode', async () => {
    const store = await start();
    writeFileSync(file('a.md'), 'x\n');
    chmodSync(file('a.md'), 0o640);
    const peer = await openDocument(store, 'a.md', 'x\n');
    await peer.edit((text) => text.insert(0, 'y'));
    await until(() => read('a.md') === 'yx\n');
    expect(statSync(file('a.md')).mode & 0o777).toBe(0o640);
  });

  it('writes nothing while git is at work, and all of it after', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'x\n');
    mkdirSync(file('.git'));
    writeFileSync(file('.git/index.lock'), '');
    await peer.edit((text) => text.insert(0, 'y'));
    await store.settled();
    expect(read('a.md')).toBe('x\n');
    rmSync(file('.git/index.lock'));
    await until(() => read('a.md') === 'yx\n');
  });

  it('does not leave the folder by a link', async () => {
    const other = makeFolder();
    symlinkSync(other.dir, file('out'));
    const problems: string[] = [];
    const store = await start();
    store.on((event) => event.kind === 'problem' && problems.push(event.message));
    await store.add(dir, { documentId: 'd', path: 'out/evil.md' });
    const peer = await Peer.open(store, refOf('d', 'out/evil.md'));
    await peer.edit((text) => text.insert(0, 'x'));
    await until(() => problems.length > 0);
    expect(problems[0]).toMatch(/leads out/);
    await store.remove('d');
    other.cleanUp();
  });
});

describe('FB5 outside edits', () => {
  it('merges an edit in place, by the watcher, with a concurrent one', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'alpha\nbeta\ngamma\n');
    writeFileSync(file('a.md'), 'alpha\nbeta\ngamma OUTSIDE\n');
    await peer.edit((text) => text.insert(0, 'PHONE '));
    await until(() => peer.toString() === 'PHONE alpha\nbeta\ngamma OUTSIDE\n' && read('a.md') === peer.toString());
  });

  it('merges what an atomic-save editor wrote', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\n');
    writeFileSync(file('.a.md.swp'), 'one\ntwo\n');
    renameSync(file('.a.md.swp'), file('a.md'));
    await until(() => peer.toString() === 'one\ntwo\n');
  });

  it('merges what was written while it was not running', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\n');
    await peer.edit((text) => text.insert(4, 'two\n'));
    await store.close();
    writeFileSync(file('a.md'), 'zero\none\ntwo\n');
    expect((await Peer.open(await start(), refOf('a.md', 'a.md'))).toString()).toBe('zero\none\ntwo\n');
  });

  it('keeps a projected edit that a program saving its older copy did not see', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\ntwo\nthree\n');
    await peer.edit((text) => text.insert(4, 'from the phone\n'));
    await until(() => read('a.md') === peer.toString());
    writeFileSync(file('a.md'), 'one\ntwo\nthree\nfrom the editor\n');
    await until(() => peer.toString() === 'one\nfrom the phone\ntwo\nthree\nfrom the editor\n' && read('a.md') === peer.toString());
  });

  it('makes no update of its own echo', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\n');
    const events: string[] = [];
    store.on((event) => event.kind === 'outside' && events.push(event.documentId));
    const seen: string[] = [];
    store.on((event) => event.kind === 'files' && seen.push(...(event.files ?? [])));
    for (let i = 0; i < 5; i++) await peer.edit((text) => text.insert(0, `${i} `));
    await until(() => read('a.md') === peer.toString() && seen.includes('a.md'));
    await store.notice('a.md');
    expect(events).toEqual([]);
  });

  it('merges a checkout of 200 files', async () => {
    const store = await start();
    const peers: Peer[] = [];
    for (let i = 0; i < 200; i++) peers.push(await openDocument(store, `n${i}.md`, `file ${i}\n`));
    mkdirSync(file('.git'));
    writeFileSync(file('.git/index.lock'), '');
    for (let i = 0; i < 200; i++) writeFileSync(file(`n${i}.md`), `file ${i}\nbranch\n`);
    rmSync(file('.git/index.lock'));
    await until(() => peers.every((peer, i) => peer.toString() === `file ${i}\nbranch\n`), 'the checkout');
  });

  it('takes a file that is not UTF-8, or too large, as listed only', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\n');
    const seen: string[] = [];
    store.on((event) => event.kind === 'unusable' && seen.push(event.status));
    writeFileSync(file('a.md'), Buffer.from([0xff, 0xfe, 0x00]));
    await until(() => seen.includes('read_only'));
    expect(peer.toString()).toBe('one\n');
  });
});

describe("FB4 adopting the server's history", () => {
  it('merges what was written here since the text was agreed on', async () => {
    const store = await start();
    writeFileSync(file('a.md'), 'one\ntwo\n');
    await store.add(dir, { documentId: 'd', path: 'a.md' });
    await store.link('d', { serverId: 's', path: 'a.md', epoch: 'e1', agreed: 'one\ntwo\n' });
    expect(store.meta('d')).toMatchObject({ epoch: 'e1', pulled: false, dirty: false });
    const local = await Peer.open(store, refOf('d', 'a.md'));
    await local.edit((text) => text.insert(0, 'local\n'));
    const server = await serverState('one\ntwo\nserver\n');
    expect(await store.adopt('d', 'e1', server, () => Promise.reject(new Error('no conflict')))).toBe('merged');
    expect(await store.text('d')).toBe('local\none\ntwo\nserver\n');
    await until(() => read('a.md') === 'local\none\ntwo\nserver\n');
    expect(store.meta('d')).toMatchObject({ epoch: 'e1', pulled: true, dirty: true });
  });

  it('copies the local text away where nothing was agreed on', async () => {
    const store = await start();
    writeFileSync(file('a.md'), 'local\n');
    await store.add(dir, { documentId: 'd', path: 'a.md', serverId: 'd' });
    const copies: string[] = [];
    const outcome = await store.adopt('d', 'e1', await serverState('server\n'), async (text) => void copies.push(text));
    expect([outcome, copies, await store.text('d')]).toEqual(['conflict', ['local\n'], 'server\n']);
    await until(() => read('a.md') === 'server\n');
  });
});

describe('FB7, FB9 names', () => {
  it('renames with the id and history kept', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\n');
    await store.rename('a.md', { path: 'sub/b.md', synced: true }, true);
    await peer.edit((text) => text.insert(0, 'zero\n'));
    await until(() => read('sub/b.md') === 'zero\none\n');
    expect(store.idOf(dir, 'sub/b.md')).toBe('a.md');
  });

  it('gives each of two names that the file system can not tell apart its own file', async () => {
    const store = await start({ foldsCase: true });
    const files = [];
    for (const name of ['Readme.md', 'README.md']) files.push(await store.add(dir, { documentId: name, path: name, serverId: name }));
    expect(files).toEqual(['Readme.md', 'README (2).md']);
  });

  it('does not write a removed file again until an edit beats the removal', async () => {
    const store = await start();
    const peer = await openDocument(store, 'a.md', 'one\n');
    const missing: string[] = [];
    store.on((event) => {
      if (event.kind !== 'missing') return;
      missing.push(event.documentId);
      store.hold(event.documentId);
    });
    rmSync(file('a.md'));
    await until(() => missing.length > 0);
    await peer.edit((text) => text.insert(0, 'zero '));
    await store.settled();
    expect(() => read('a.md')).toThrow();
    await store.release('a.md', true);
    expect(read('a.md')).toBe('zero one\n');
  });
});

async function serverState(text: string): Promise<Uint8Array> {
  const Y = await import('yjs');
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

it('SY8 refuses updates of documents it does not have, and stores none of the batch', async () => {
  const store = await start();
  const peer = await openDocument(store, 'a.md', 'one\n');
  const unknown = { ref: { documentId: 'x', ...OWNER, path: 'x.md' }, updates: [new Uint8Array([0, 0])] };
  await expect(store.append([{ ref: refOf('a.md', 'a.md'), updates: [new Uint8Array([0, 0])] }, unknown])).rejects.toMatchObject({
    name: 'DocumentGone',
  });
  expect(await store.load('x')).toBeNull();
  expect(peer.toString()).toBe('one\n');
});

const openFileStore = async (): Promise<StoreUnderTest> => {
  const folder = makeFolder();
  let n = 0;
  let store = await openStore(folder.dir, { watch: false });
  return {
    get store() {
      return store;
    },
    create: async (updates = []) => {
      const ref = refOf(`d${n}`, `d${n++}.md`);
      await store.add(folder.dir, { documentId: ref.documentId, path: ref.path });
      await store.load(ref.documentId);
      if (updates.length > 0) await store.append([{ ref, updates }]);
      return ref;
    },
    lose: (ref) => store.remove(ref.documentId),
    rename: async (ref, name) => {
      await store.rename(ref.documentId, { path: name, synced: true }, true);
      return { ...ref, path: name };
    },
    contentOf: async (ref) => readFileSync(path.join(folder.dir, store.meta(ref.documentId)!.file), 'utf8'),
    reopen: async () => {
      await store.close();
      store = await openStore(folder.dir, { watch: false });
      return store;
    },
    close: async () => {
      await store.close();
      folder.cleanUp();
    },
  };
};
documentStoreContract('file', openFileStore, { lose: true, delete: false, versions: false });
