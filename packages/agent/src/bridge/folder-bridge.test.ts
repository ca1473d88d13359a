import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '@markco/sync/file-store/file-store';
import { silentLog } from '@markco/sync/log';
import { Relay } from '@markco/sync/relay/relay';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { FolderBridge, type FolderBridgeOptions } from './folder-bridge.ts';
import { LocalBus } from './local-bus.ts';
import { TestCloud } from './test-cloud.ts';

const noAuthorizer = { authorize: () => Promise.reject(new Error('closed')), recheck: async () => ({ ok: true as const }) };

/** A desktop: folder, store, local relay and bridge. */
class Desktop {
  readonly dir: string;
  store!: FileStore;
  relay!: Relay;
  bridge!: FolderBridge;
  readonly trashed: string[] = [];
  #off: () => void = () => undefined;

  constructor(dir = mkdtempSync(path.join(tmpdir(), 'markco-bridge-'))) {
    this.dir = dir;
  }

  async start(cloud: TestCloud | null, options: Partial<FolderBridgeOptions> = {}): Promise<this> {
    this.store = await FileStore.open({ settleMs: 3, projectDelayMs: 5 });
    const bus = new LocalBus();
    this.relay = new Relay({
      store: this.store,
      authorizer: noAuthorizer,
      bus,
      log: process.env.DBG ? { ...silentLog, warn: (f: object, m: string) => console.log(JSON.stringify(f), m) } : silentLog,
      limits: { unloadAfterMs: 50, contentQuietMs: 20 },
    });
    this.bridge = new FolderBridge({
      root: this.dir,
      api: cloud?.api() ?? null,
      relay: this.relay,
      store: this.store,
      bus,
      deviceName: 'MacBook',
      log: process.env.DBG ? { ...silentLog, warn: (f: object, m: string) => console.log(JSON.stringify(f), m) } : silentLog,
      idleMs: 300,
      pairMs: 150,
      trash: async (file) => {
        this.trashed.push(path.basename(file));
        rmSync(file);
      },
      ...options,
    });
    this.#off = cloud?.bus.subscribe('document.changed', ({ documentId }) => this.bridge.docChanged(documentId)) ?? this.#off;
    await this.bridge.start();
    return this;
  }

  async stop(): Promise<void> {
    this.#off();
    await this.bridge.stop();
    await this.relay.close({ deadlineMs: 500 });
    await this.store.close();
  }

  write(name: string, text: string): void {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }
  read(name: string): string | null {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : null;
  }
  path(name: string): string {
    return path.join(this.dir, name);
  }
  files(): string[] {
    return readdirSync(this.dir)
      .filter((name) => name.endsWith('.md'))
      .sort();
  }
  /** Types as the desktop's own window does: through the local relay. */
  async type(name: string, change: (text: Y.Text) => void): Promise<void> {
    const handle = await this.relay.open(this.store.idOf(this.dir, name)!);
    handle.doc.transact(() => change(handle.doc.getText('content')));
    await handle.flushed();
    handle.release();
  }
}

let cloud: TestCloud;
const desktops: Desktop[] = [];
const folders: string[] = [];

function desktop(dir?: string): Desktop {
  const one = new Desktop(dir);
  desktops.push(one);
  folders.push(one.dir);
  return one;
}
async function until(check: () => boolean, what: string, ms = 60_000): Promise<void> {
  const end = Date.now() + ms;
  while (!check()) {
    if (Date.now() > end) throw new Error(`Gave up waiting for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
async function linked(files: Record<string, string>, options: Partial<FolderBridgeOptions> = {}): Promise<Desktop> {
  const one = desktop();
  for (const [name, text] of Object.entries(files)) one.write(name, text);
  await one.start(cloud, options);
  expect(await one.bridge.settled(60_000), JSON.stringify(one.bridge.status())).toBe(true);
  return one;
}

beforeEach(async () => {
  cloud = await TestCloud.start();
});
afterEach(async () => {
  for (const one of desktops.splice(0)) await one.stop();
  await cloud.stop();
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

describe('FB3 linking', () => {
  it('links 300 documents without a socket for any of them', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d${i % 7}/n${i}.md`, `# Note ${i}\n`]));
    const one = await linked(files);
    expect(cloud.documents.size).toBe(300);
    expect(cloud.text('d3/n3.md')).toBe('# Note 3\n');
    expect(cloud.calls).toMatchObject({ seed: 6, ticket: 0 });
    await one.stop();
    await one.start(cloud);
    expect(await one.bridge.settled(60_000)).toBe(true);
    expect(cloud.calls).toMatchObject({ seed: 6, ticket: 0 });
  });

  it('fetches the documents another device made', async () => {
    cloud.create('a.md', 'from the cloud\n');
    cloud.create('sub/b.md', 'deep\n');
    const one = await linked({ 'c.md': 'mine\n' });
    expect([one.read('a.md'), one.read('sub/b.md')]).toEqual(['from the cloud\n', 'deep\n']);
    expect(cloud.paths()).toEqual(['a.md', 'c.md', 'sub/b.md']);
  });

  it('closes connections that rest', async () => {
    const one = await linked({ 'a.md': 'one\n' });
    await cloud.edit('a.md', (text) => text.insert(0, 'zero\n'));
    await until(() => one.read('a.md') === 'zero\none\n', 'the edit');
    await until(() => cloud.relay.sockets.size === 0, 'the connection to close');
  });

  it('brings 60 changed documents through 8 connections', async () => {
    const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}.md`, `note ${i}\n`]));
    const one = await linked(files, { maxHot: 8 });
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, cloud.relay.relay.stats().connections);
    }, 2);
    for (let i = 0; i < 60; i++) one.write(`n${i}.md`, `note ${i}\nmore\n`);
    await until(() => Object.keys(files).every((name) => cloud.text(name)?.endsWith('more\n')), 'all of them');
    clearInterval(watch);
    // One to fetch the state, one for the document.
    expect(most).toBeLessThanOrEqual(16);
  });
});

describe('FB5, FB6 both ways', () => {
  it('brings a phone edit to the file and a file edit to the phone, at once', async () => {
    const one = await linked({ 'a.md': 'alpha\nbeta\ngamma\n' });
    await Promise.all([
      cloud.edit('a.md', (text) => text.insert(0, 'PHONE\n')),
      (async () => one.write('a.md', 'alpha\nbeta\ngamma\nEDITOR\n'))(),
    ]);
    const both = 'PHONE\nalpha\nbeta\ngamma\nEDITOR\n';
    await until(() => one.read('a.md') === both && cloud.text('a.md') === both, 'both sides');
  });

  it('brings what the local window types to file and cloud', async () => {
    const one = await linked({ 'a.md': 'one\r\n' });
    await one.type('a.md', (text) => text.insert(0, 'zero\n'));
    await until(() => one.read('a.md') === 'zero\r\none\r\n' && cloud.text('a.md') === 'zero\none\n', 'both sides');
  });

  it('RU15: says when the files hold a state', async () => {
    const one = await linked({ 'a.md': 'one\n' });
    const id = cloud.idAt('a.md')!;
    const handle = await cloud.relay.relay.open(id);
    handle.doc.getText('content').insert(0, 'zero\n');
    await handle.flushed();
    const vector = Y.encodeStateVector(handle.doc);
    handle.release();
    expect(await one.bridge.filesHold(id, vector, 60_000)).toBe(true);
    expect(one.read('a.md')).toBe('zero\none\n');
    const ahead = new Y.Doc();
    ahead.getText('content').insert(0, 'never sent');
    expect(await one.bridge.filesHold(id, Y.encodeStateVector(ahead), 60)).toBe(false);
  });
});

describe('FB5 version points', () => {
  const kept = async (name: string) => {
    const id = cloud.idAt(name)!;
    const list = await cloud.store.versions.list(id);
    return Promise.all(list.map(async (version) => (await cloud.store.versions.read(id, version.id))!.text));
  };
  const untilKept = async (name: string) => {
    const end = Date.now() + 60_000;
    while ((await kept(name)).length === 0) {
      if (Date.now() > end) throw new Error(`Gave up waiting for a version of ${name}.`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const names = Array.from({ length: 12 }, (_, i) => `n${i}.md`);
  const files = Object.fromEntries(names.map((name) => [name, `${name} of main\n`]));
  /** As git writes it: the lock first, then the files, then the index in the lock's place. */
  const checkout = async (one: Desktop, to: (name: string) => string, some = names) => {
    one.write('.git/index.lock', 'index');
    for (const name of some) one.write(name, to(name));
    await new Promise((resolve) => setImmediate(resolve));
    renameSync(one.path('.git/index.lock'), one.path('.git/index'));
  };

  it('FB5: a git checkout keeps one version of each document, of just before', async () => {
    const one = await linked(files);
    await cloud.edit('n3.md', (text) => text.insert(0, 'phone '));
    await until(() => one.read('n3.md') === 'phone n3.md of main\n', 'the edit');
    await checkout(one, (name) => `${name} of branch\n`);
    await until(() => names.every((name) => cloud.text(name)?.includes('branch')), 'the branch');
    for (const name of names) await untilKept(name);
    expect(await Promise.all(names.map(kept))).toEqual(
      names.map((name) => [name === 'n3.md' ? 'phone n3.md of main\n' : `${name} of main\n`]),
    );
  });

  it('FB5: one file that git changes is kept too', async () => {
    const one = await linked(files);
    await checkout(one, () => 'of branch\n', ['n1.md']);
    await untilKept('n1.md');
    expect(await kept('n1.md')).toEqual(['n1.md of main\n']);
  });

  it('FB5: without a network it waits, and a document that is gone there keeps the others', async () => {
    const one = await linked(files);
    cloud.goOffline();
    await checkout(one, (name) => `${name} of branch\n`);
    await until(() => names.every((name) => one.bridge.status().pending > 0 && one.read(name)?.includes('branch') === true), 'the files');
    const gone = cloud.take('n5.md');
    await cloud.removeDocument('n5.md');
    cloud.online = true;
    one.bridge.docChanged(null);
    await untilKept('n11.md');
    expect(await kept('n0.md')).toEqual(['n0.md of main\n']);
    expect(gone.document.ref.path).toBe('n5.md');
  });

  it('FB7: a document that comes out of the bin comes back to the folder', async () => {
    const one = await linked({ ...files });
    const gone = cloud.take('n0.md');
    await cloud.removeDocument('n0.md');
    await until(() => one.trashed.includes('n0.md'), 'the trash');
    await cloud.putBack(gone);
    await until(() => one.read('n0.md') === 'n0.md of main\n', 'the file');
    await cloud.edit('n0.md', (text) => text.insert(0, 'again '));
    await until(() => one.read('n0.md') === 'again n0.md of main\n', 'an edit of it');
  });
});

describe('FB8 offline', () => {
  it('keeps edits of both sides and brings each over once', async () => {
    const one = await linked({ 'a.md': 'one\ntwo\nthree\n', 'b.md': 'b\n' });
    cloud.goOffline();
    one.write('a.md', 'one\ntwo\nthree\nby file\n');
    one.write('new.md', 'made offline\n');
    await cloud.edit('a.md', (text) => text.insert(0, 'by phone\n'));
    await until(() => one.bridge.status().state === 'offline', 'offline');
    await one.type('b.md', (text) => text.insert(0, 'by window '));
    cloud.online = true;
    one.bridge.docChanged(null);
    await until(() => cloud.text('b.md') === 'by window b\n' && cloud.text('new.md') === 'made offline\n', 'b and new');
    const merged = 'by phone\none\ntwo\nthree\nby file\n';
    await until(() => one.read('a.md') === merged && cloud.text('a.md') === merged, 'a');
    await until(() => one.read('b.md') === 'by window b\n', 'the file of b');
  });

  it('loses nothing when it is killed before anything was sent', async () => {
    const one = await linked({ 'a.md': 'one\n' });
    cloud.goOffline();
    await one.type('a.md', (text) => text.insert(0, 'typed '));
    const copy = mkdtempSync(path.join(tmpdir(), 'markco-bridge-'));
    cpSync(one.dir, copy, { recursive: true, preserveTimestamps: true });
    cloud.online = true;
    await one.stop();
    desktops.splice(0);
    const again = await desktop(copy).start(cloud);
    await until(() => cloud.text('a.md') === 'typed one\n' && again.read('a.md') === 'typed one\n', 'the edit');
  });

  it('EL3: works without an account, and links later', async () => {
    const one = desktop();
    one.write('a.md', 'one\n');
    await one.start(null);
    await one.type('a.md', (text) => text.insert(0, 'zero\n'));
    await until(() => one.read('a.md') === 'zero\none\n', 'the file');
    await until(() => one.bridge.status().pending === 0, 'nothing to wait');
    expect(one.bridge.status()).toMatchObject({ state: 'synced', documents: 1, pending: 0 });
    one.bridge.setApi(cloud.api());
    await until(() => cloud.text('a.md') === 'zero\none\n', 'the upload');
    await cloud.edit('a.md', (text) => text.insert(0, 'phone\n'));
    one.bridge.docChanged(cloud.idAt('a.md'));
    await until(() => one.read('a.md') === 'phone\nzero\none\n', 'the edit');
    await one.type('a.md', (text) => text.insert(0, 'again\n'));
    await until(() => cloud.text('a.md') === 'again\nphone\nzero\none\n', 'the second edit');
  });
});

describe('FB4 conflicts', () => {
  it('keeps the cloud text in the document and the local text beside it', async () => {
    cloud.create('a.md', 'cloud\n');
    const one = await linked({ 'a.md': 'local\n' });
    await until(() => one.files().length === 2 && cloud.documents.size === 2, 'the copy');
    expect(one.read('a.md')).toBe('cloud\n');
    const copy = one.files().find((name) => name !== 'a.md')!;
    expect(copy).toMatch(/^a \(conflict, MacBook, \d{4}-\d\d-\d\d\)\.md$/);
    expect([one.read(copy), cloud.text(copy)]).toEqual(['local\n', 'local\n']);
    expect(one.bridge.status().problems).toMatchObject([{ kind: 'conflict', path: copy }]);
  });

  it('adopts what is equal without a connection', async () => {
    cloud.create('a.md', 'same\n');
    await linked({ 'a.md': 'same\n' });
    expect(cloud.calls.ticket).toBe(0);
  });

  it('SY7: merges as text when the server replaced the history', async () => {
    const one = await linked({ 'a.md': 'one\ntwo\n' });
    await one.type('a.md', (text) => text.insert(0, 'zero\n'));
    await until(() => cloud.text('a.md') === 'zero\none\ntwo\n', 'the upload');
    expect(await one.bridge.settled(60_000)).toBe(true);
    cloud.goOffline();
    await one.type('a.md', (text) => text.insert(text.length, 'unsent\n'));
    await cloud.replaceHistory('a.md', 'one\ntwo\nrestored\n');
    cloud.online = true;
    one.bridge.docChanged(null);
    await until(() => cloud.text('a.md')?.includes('unsent') === true && one.read('a.md') === cloud.text('a.md'), 'the merge');
    expect(one.read('a.md')).toBe('one\ntwo\nrestored\nunsent\n');
  });
});

describe('FB7 names and removals', () => {
  it('keeps the id over a rename in the folder', async () => {
    const one = await linked({ 'a.md': 'one\n' });
    const id = cloud.idAt('a.md');
    mkdirSync(one.path('sub'));
    renameSync(one.path('a.md'), one.path('sub/b.md'));
    await until(() => cloud.idAt('sub/b.md') === id, 'the rename');
    await cloud.edit('sub/b.md', (text) => text.insert(0, 'zero\n'));
    await until(() => one.read('sub/b.md') === 'zero\none\n', 'the edit');
    expect(one.read('a.md')).toBeNull();
  });

  it('moves the file when the document is renamed elsewhere', async () => {
    const one = await linked({ 'a.md': 'one\n' });
    await cloud.renameDocument(cloud.idAt('a.md')!, 'b.md');
    await until(() => one.read('b.md') === 'one\n' && one.read('a.md') === null, 'the move');
    one.write('b.md', 'one\ntwo\n');
    await until(() => cloud.text('b.md') === 'one\ntwo\n', 'the edit');
  });

  it('removes there what is removed here, and puts here into the trash what is removed there', async () => {
    const one = await linked({ 'a.md': 'one\n', 'b.md': 'two\n', 'c.md': 'three\n' });
    rmSync(one.path('a.md'));
    await until(() => cloud.paths().join() === 'b.md,c.md', 'the removal there');
    await cloud.removeDocument('b.md');
    await until(() => one.trashed.join() === 'b.md', 'the removal here');
    expect(one.files()).toEqual(['c.md']);
  });

  it('lets an edit beat a removal, either way, and says so', async () => {
    const one = await linked({ 'a.md': 'one\n', 'b.md': 'two\n' });
    cloud.goOffline();
    rmSync(one.path('a.md'));
    one.write('b.md', 'two\nedited here\n');
    await cloud.edit('a.md', (text) => text.insert(0, 'edited there\n'));
    await cloud.removeDocument('b.md');
    await until(() => one.store.meta(one.store.idOf(one.dir, 'b.md')!)?.dirty === true, 'the edit to be seen');
    cloud.online = true;
    one.bridge.docChanged(null);
    await until(() => one.read('a.md') === 'edited there\none\n', 'a to be kept');
    await until(() => cloud.text('b.md') === 'two\nedited here\n', 'b to be kept');
    expect(one.bridge.status().problems.filter((problem) => problem.kind === 'kept')).toHaveLength(2);
  });

  it('asks before it removes many', async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`n${i}.md`, `note ${i}\n`]));
    const one = await linked(files);
    for (let i = 0; i < 15; i++) rmSync(one.path(`n${i}.md`));
    await until(() => one.bridge.status().decision !== null, 'the question');
    expect(one.bridge.status()).toMatchObject({ state: 'needs_attention', decision: { side: 'here' } });
    expect(cloud.documents.size).toBe(20);
    await one.bridge.decide('keep');
    await until(() => one.files().length === 20, 'the files');
    for (let i = 0; i < 15; i++) rmSync(one.path(`n${i}.md`));
    await until(() => one.bridge.status().decision !== null, 'the second question');
    await one.bridge.decide('remove');
    await until(() => cloud.documents.size === 5, 'the removal');
  });

  it('takes a folder that is away as no removal', async () => {
    const one = await linked({ 'a.md': 'one\n', 'b.md': 'two\n' });
    renameSync(one.dir, `${one.dir}-away`);
    await until(() => one.bridge.status().problems.some((problem) => problem.kind === 'folder_missing'), 'the problem');
    expect(cloud.documents.size).toBe(2);
    renameSync(`${one.dir}-away`, one.dir);
    one.bridge.resume();
    await until(() => one.bridge.status().problems.length === 0, 'the folder');
    expect(cloud.documents.size).toBe(2);
  });
});

describe('FB9', () => {
  it('keeps both of two names that differ in case only', async () => {
    cloud.create('Readme.md', 'first\n');
    cloud.create('README.md', 'second\n');
    const one = await linked({});
    expect([one.read('Readme.md'), one.read('README.md')]).toEqual(['first\n', 'second\n']);
  });
});
