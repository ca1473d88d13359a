import type { Db } from '@markco/db/client';
import { makeDocument, ticketToken } from '@markco/sync/sidecar/test-world';
import { isWithin } from '@markco/testing/is-within';
import { converged, until } from '@markco/testing/relay-harness';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { RELAY_SECRET } from './relay-process.ts';
import type { SeededRandom } from './seeded-random.ts';
import { storedDocument, textOf, untilContent } from './stored-document.ts';
import { TokenLedger } from './token-ledger.ts';
import { type TypedDocument, Typist } from './typist.ts';

export interface CrowdOptions {
  readonly db: Db;
  readonly port: number;
  readonly random: SeededRandom;
  readonly documents: number;
  readonly typists: number;
  /** Edits a second, of all of them. */
  readonly perSecond: number;
}

/** One document of the crowd: its books, who types in it, and a stock y-websocket client that only watches. */
interface Table {
  readonly ref: TypedDocument;
  readonly ledger: TokenLedger;
  readonly typists: Typist[];
  readonly watcher: { readonly doc: Y.Doc; readonly provider: WebsocketProvider };
}

const TICK_MS = 10;

/** Many typists on some documents, typing at random until told to stop, and what must be true of them whatever happens. */
export class TypingCrowd {
  readonly #options: CrowdOptions;
  readonly #tables: Table[] = [];
  #names = 0;
  #timer: NodeJS.Timeout | null = null;
  #owed = 0;

  private constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Makes the documents and connects everyone; the relay need not be there yet. */
  static async gather(options: CrowdOptions): Promise<TypingCrowd> {
    const crowd = new TypingCrowd(options);
    for (let i = 0; i < options.documents; i++) await crowd.#lay();
    for (let i = 0; i < options.typists; i++) crowd.#seat(crowd.#tables[i % options.documents]!);
    return crowd;
  }

  get typists(): Typist[] {
    return this.#tables.flatMap(({ typists }) => typists);
  }

  get refs(): TypedDocument[] {
    return this.#tables.map(({ ref }) => ref);
  }

  /** Edits whose authors were told "Saved". */
  get saved(): number {
    return this.#tables.reduce((sum, { ledger }) => sum + ledger.saved, 0);
  }

  get made(): number {
    return this.#tables.reduce((sum, { ledger }) => sum + ledger.made, 0);
  }

  get seen(): number {
    return this.#tables.reduce((sum, { ledger }) => sum + ledger.seen, 0);
  }

  startTyping(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stopTyping(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Resolves when so many more edits were called saved. */
  async untilSaved(more: number, ms = 120_000): Promise<void> {
    const target = this.saved + more;
    await until(() => this.saved >= target, ms, `${more} more edits to be saved`);
  }

  /** Resolves when every socket is gone and all that lay in it was read. */
  async untilCutOff(ms = 120_000): Promise<void> {
    await until(
      () => this.typists.every(({ isCutOff }) => isCutOff) && this.#tables.every(({ watcher }) => !watcher.provider.wsconnected),
      ms,
      'everyone to notice that the relay is gone',
    );
  }

  /** Resolves when nobody has anything unsaved. */
  async untilAllSaved(ms = 120_000): Promise<void> {
    await until(() => this.typists.every(({ isSaved }) => isSaved), ms, 'everyone to be told "Saved"');
  }

  /** Someone who was told "Saved" closes the tab, and someone new comes: nothing of theirs is held anywhere but in the store. */
  replaceOne(): void {
    const table = this.#options.random.pick(this.#tables);
    const at = table.typists.findIndex(({ isSaved }) => isSaved);
    if (at < 0) return;
    table.typists.splice(at, 1)[0]!.destroy();
    this.#seat(table);
  }

  /** SY4, SY5: everything acknowledged or relayed is in Postgres, once. Nobody may be connected, or the relay must stand still. */
  async faults(): Promise<string[]> {
    const faults: string[] = [];
    for (const { ref, ledger, watcher } of this.#tables) {
      const stored = await storedDocument(this.#options.db, ref.documentId);
      faults.push(...ledger.faults(textOf(stored)));
      if (!isWithin(watcher.doc, stored)) faults.push('a watcher was shown what is not stored');
    }
    return faults;
  }

  /** Stops the typing and waits until all have the same, Postgres and its text too. Returns what is wrong. */
  async settle(ms = 120_000): Promise<string[]> {
    this.stopTyping();
    await this.untilAllSaved(ms);
    const faults: string[] = [];
    for (const { ref, ledger, typists, watcher } of this.#tables) {
      const docs = [...typists.map(({ doc }) => doc), watcher.doc];
      const text = await converged(docs, ms);
      const stored = await storedDocument(this.#options.db, ref.documentId);
      if (!docs.every((doc) => Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(stored)))) faults.push('Postgres holds another state');
      if (docs.some((doc) => doc.store.pendingStructs)) faults.push('somebody waits for structs that never come');
      faults.push(...ledger.faults(textOf(stored)));
      await untilContent(this.#options.db, ref.documentId, text);
    }
    return faults;
  }

  close(): void {
    this.stopTyping();
    for (const { typists, watcher } of this.#tables) {
      for (const typist of typists) typist.destroy();
      watcher.provider.destroy();
    }
  }

  #tick(): void {
    const { random, perSecond } = this.#options;
    const typists = this.typists;
    this.#owed = Math.min(this.#owed + (perSecond * TICK_MS) / 1000, perSecond / 10);
    for (; this.#owed >= 1; this.#owed--) random.pick(typists).type();
  }

  async #lay(): Promise<void> {
    const { db, port } = this.#options;
    const ref = await makeDocument(db, this.#tables[0] ? { userId: this.#tables[0].ref.userId } : {});
    const doc = new Y.Doc();
    const token = await ticketToken(RELAY_SECRET, ref, { mode: 'read', expiresInS: 86_400 });
    const provider = new WebsocketProvider(`ws://127.0.0.1:${port}/sync/${ref.userId}/${ref.project}`, ref.path, doc, {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      params: { token },
      disableBc: true,
      maxBackoffTime: 200,
    });
    this.#tables.push({ ref, ledger: new TokenLedger(), typists: [], watcher: { doc, provider } });
  }

  #seat({ ref, ledger, typists }: Table): void {
    const { port, random } = this.#options;
    typists.push(new Typist({ ref, port, ledger, random, name: `t${this.#names++}` }));
  }
}
