import { createHash } from 'node:crypto';
import { renameSync } from 'node:fs';
import type { SyncMode } from '@markco/core/flags';
import type { Db } from '@markco/db/client';
import { isWithin } from '@markco/testing/is-within';
import { until } from '@markco/testing/relay-harness';
import type * as Y from 'yjs';
import { buildDocument } from '../relay/document-state.ts';
import type { DocumentRef, DocumentStore } from '../store/document-store.ts';
import { createStoreForMode } from '../store/mode/create-store-for-mode.ts';
import { Disk, seeded, TestModes } from '../store/mode/test-world.ts';
import { createRow } from '../store/prisma/test-rows.ts';
import { Books, type DrawnEdit } from './test-books.ts';
import { PostgresWay } from './test-postgres-way.ts';
import { changed } from './test-prose.ts';
import { TestServer } from './test-server.ts';
import { Writer } from './test-writer.ts';

const START = 'one 🎉\n\n[start]\r\nlast line without an end';
const WAIT_MS = 120_000;

export interface LifeOptions {
  readonly db: Db;
  readonly postgres: DocumentStore;
  readonly mode: SyncMode;
  /** Whether the program that edits the file also takes things out. */
  readonly outsideRemoves: boolean;
}

/** For tests: a document, three people who write in it, a program that edits its file, and relays that come and go. */
export class Life {
  readonly writers: Writer[] = [];
  readonly books = new Books();
  readonly #options: LifeOptions;
  readonly #disk = new Disk();
  #ref!: DocumentRef;
  #modes!: TestModes;
  #way!: PostgresWay;
  /** Null while nobody can reach one. */
  #server: TestServer | null = null;
  #newest: TestServer | null = null;
  readonly #burials: Promise<void>[] = [];

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const { db, mode } = this.#options;
    const start = seeded(START);
    this.#ref = await createRow(db, [start], { path: 'story.md' });
    const { epoch } = await db.document.findUniqueOrThrow({ where: { id: this.#ref.documentId }, select: { epoch: true } });
    this.books.begin(start);
    await this.#start(mode);
    for (let i = 0; i < 3; i++) {
      const writer = new Writer({ ref: this.#ref, epoch, books: this.books, server: () => this.#server });
      await writer.open();
      this.writers.push(writer);
    }
    // A client that never got the document has nothing to edit.
    await this.#until(() => this.writers.every(({ isSaved }) => isSaved), 'everyone to have the document');
  }

  // --- what can happen ---

  /** Another program changes the file: in its place, or by putting another one there. Nothing where there is no file yet. */
  editFile(drawn: DrawnEdit, atomic: boolean): void {
    if (!this.#disk.has(this.#ref)) return;
    const text = this.#disk.read(this.#ref);
    this.books.outside++;
    const change = this.books.draw(text, this.#options.outsideRemoves ? drawn : { ...drawn, kind: 'insert' });
    if (change.remove > 0) this.books.outsideRemovals++;
    const next = changed(text, change);
    const beside = { ...this.#ref, path: 'story.md~' };
    this.#disk.write(atomic ? beside : this.#ref, next);
    if (atomic) renameSync(this.#disk.fileOf(beside), this.#disk.fileOf(this.#ref));
  }

  hold(): void {
    this.#way.hold();
  }

  release(): void {
    this.#way.release();
  }

  flip(mode: SyncMode): void {
    this.#modes.set(mode);
  }

  async compact(): Promise<void> {
    this.release();
    await this.#server!.store.compact(this.#ref.documentId);
  }

  /** Everyone leaves, the relay forgets the document, and those who were there come back. */
  async unload(): Promise<void> {
    this.release();
    const there = this.writers.filter(({ online }) => online);
    for (const writer of there) writer.goOffline();
    await this.#until(() => this.#server!.relay.stats().documents === 0, 'the document to be unloaded');
    for (const writer of there) writer.goOnline();
  }

  /** SIGTERM and a new process. */
  async restart(mode: SyncMode = this.#modes.global()): Promise<void> {
    this.release();
    const old = this.#server!;
    this.#server = null;
    await old.stop();
    await this.#start(mode);
  }

  /** kill −9 and a new process. `landed`: what Postgres was asked to store is stored, and nobody was told. */
  async crash(landed: boolean, mode: SyncMode = this.#modes.global()): Promise<void> {
    const old = this.#server!;
    this.#server = null;
    old.kill();
    this.#way.cut(landed);
    this.#disk.crash();
    this.#burials.push(old.bury());
    await this.#until(() => this.writers.every((writer) => !writer.hears(old)), 'the last of what the dead relay sent');
    await this.#start(mode);
  }

  /** The writer is told that everything is saved, if it can be. */
  async waitSaved(writer: Writer): Promise<void> {
    if (!writer.online) return;
    this.release();
    await this.#until(() => writer.isSaved, 'a client to be told "Saved"');
  }

  // --- what must be so ---

  /** Nothing is in the way any more: all copies become one text, with every edit in it once. Answers what is wrong. */
  async converge(): Promise<string[]> {
    this.release();
    for (const writer of this.writers) writer.goOnline();
    await this.#agree('everyone, the file and the listing to agree', () => this.#sayTheSame());
    if (this.#modes.global() === 'legacy') this.flip('mirror');
    await this.#agree('Postgres to agree', async () => (await this.#sayTheSame()) && (await this.#inPostgres()) === this.#text);
    const faults = this.books.faults(this.#text);
    this.#server = null;
    await this.#newest!.stop();
    const durable = buildDocument((await this.#options.postgres.load(this.#ref.documentId))!);
    if (durable.getText('content').toString() !== this.#text) faults.push('Postgres had more or less after the last relay stopped');
    if (!this.#fileSays(this.#text)) faults.push('the file had more or less after the last relay stopped');
    if (!isWithin(this.books.model, durable)) faults.push('Postgres lacks edits');
    return [...faults, ...this.writers.flatMap(({ troubles }) => troubles)];
  }

  /** Everyone leaves. Killed relays are put away meanwhile: what is answered resolves when nothing is left. */
  async end(): Promise<{ gone: Promise<void> }> {
    for (const writer of this.writers) await writer.close();
    this.#way?.release();
    await this.#newest?.stop();
    return { gone: Promise.all(this.#burials).then(() => this.#disk.remove()) };
  }

  get #text(): string {
    return this.writers[0]!.text;
  }

  async #start(mode: SyncMode): Promise<void> {
    this.#modes = new TestModes(mode);
    this.#way = new PostgresWay(this.#options.postgres);
    const options = { mode, modes: this.#modes, prismaStore: this.#way, workspacesDir: this.#disk.dir };
    const server = await TestServer.start(this.#ref, (log) => createStoreForMode({ ...options, log }));
    this.#newest = server;
    // Nobody can reach it yet: what is there now is what the last process left.
    const durable = buildDocument((await server.store.load(this.#ref.documentId))!);
    for (const [i, writer] of this.writers.entries()) {
      if (!isWithin(writer.promised, durable)) writer.troubles.push(`client ${i} was shown or told "saved" what a restart lost`);
    }
    this.#server = server;
  }

  async #sayTheSame(): Promise<boolean> {
    const text = this.#text;
    if (!this.writers.every((writer) => writer.isSaved && writer.text === text)) return false;
    if (!this.#fileSays(text)) return false;
    const select = { contentText: true, contentHash: true };
    const row = await this.#options.db.document.findUniqueOrThrow({ where: { id: this.#ref.documentId }, select });
    return row.contentText === text && row.contentHash === createHash('sha256').update(text, 'utf8').digest('hex');
  }

  /** FB6: the file has line ends of its own where all of them were CRLF. */
  #fileSays(text: string): boolean {
    return this.#disk.has(this.#ref) && withLf(this.#disk.read(this.#ref)) === withLf(text);
  }

  async #inPostgres(): Promise<string> {
    const doc: Y.Doc = buildDocument((await this.#options.postgres.load(this.#ref.documentId))!);
    return doc.getText('content').toString();
  }

  async #agree(what: string, agree: () => Promise<boolean>): Promise<void> {
    await this.#until(agree, what).catch(async (error: Error) => {
      const file = this.#disk.has(this.#ref) ? this.#disk.read(this.#ref) : null;
      const copies = [...this.writers.map(({ text, isSaved }) => [isSaved, text]), ['file', file], ['Postgres', await this.#inPostgres()]];
      const row = await this.#options.db.document.findUnique({ where: { id: this.#ref.documentId }, select: { contentText: true } });
      throw new Error(`${error.message}\n${[...copies, ['listing', row?.contentText]].map((copy) => JSON.stringify(copy)).join('\n')}`);
    });
  }

  /** Trouble ends the waiting: what is waited for would not come. */
  async #until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    await until(condition, WAIT_MS, what, async () => {
      const troubles = this.writers.flatMap((writer) => writer.troubles);
      if (troubles.length > 0) throw new Error(`${troubles.join('; ')}, while waiting for ${what}`);
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.#newest?.describe() ?? 'no relay'}`);
    });
  }
}

const withLf = (text: string): string => text.replaceAll('\r\n', '\n');
