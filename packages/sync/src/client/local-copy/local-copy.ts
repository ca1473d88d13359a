import * as Y from 'yjs';
import { isFromRelay } from '../session.ts';
import { UnsavedEdits } from '../unsaved-edits.ts';
import type { CopyRows, OwnRange, OwnRow } from './copy-rows.ts';
import { FromTab } from './from-tab.ts';
import type { TabChannel } from './tab-channel.ts';
import { textOf } from './text-of.ts';

/** Rows are folded into one when a document is opened with more, and after so many writes. */
const FOLD_ROWS = 64;
const FOLD_WRITES = 300;
const FOLD_AFTER_MS = 3_000;

/** Where a copy is kept: its rows, and the other tabs at the same ones. */
export interface CopyPlace {
  readonly rows: CopyRows;
  /** False where the rows go with the page. */
  readonly lasting: boolean;
  readonly joinTabs: (onRow: (row: OwnRow) => void) => TabChannel | null;
}

/**
 * WB3, SY5: keeps one history of a document on this device, and counts the edits that the relay has not acknowledged, also those of visits
 * before. An edit and the fact that it is not acknowledged are one row, so that no crash can part them; acknowledged, it joins the
 * settled ones. Make it before the connection, and give that its `edits`.
 */
export class LocalCopy {
  readonly edits = new UnsavedEdits();
  readonly #doc: Y.Doc;
  readonly #onChange: () => void;
  readonly #session: number;
  #place: CopyPlace | null = null;
  #tabs: TabChannel | null = null;
  #settled: Uint8Array[] = [];
  #own: OwnRow[] = [];
  #settle: OwnRange[] = [];
  #writing: Promise<void> | null = null;
  #failed = false;
  /** Edits of other tabs and visits: settled there when this tab's edits up to `until` are. */
  #adopted: (OwnRange & { until: number })[] = [];
  #settledUpTo = 0;
  #writes = 0;
  #foldTimer: ReturnType<typeof setTimeout> | null = null;
  #loading = false;

  constructor(doc: Y.Doc, onChange: () => void = () => undefined) {
    this.#doc = doc;
    this.#onChange = onChange;
    this.#session = doc.clientID;
    doc.on('update', this.#onUpdate);
  }

  /** True where the edits of this document survive a reload: the device has storage, and no write to it failed. */
  get lasting(): boolean {
    return this.#place?.lasting === true && !this.#failed;
  }

  /** Puts what is kept into the document, and keeps it there from now on. Answers whether there was anything. Never rejects. */
  async attach(place: CopyPlace): Promise<boolean> {
    const early: OwnRow[] = [];
    let ready = false;
    this.#tabs = place.joinTabs((row) => (ready ? this.#receive(row) : early.push(row)));
    this.#place = place;
    const kept = await place.rows.read().catch(() => null);
    if (!kept) this.#failed = true;
    else this.#apply(kept.settled, kept.own);
    ready = true;
    for (const row of early) this.#receive(row);
    if (kept && kept.settled.length > FOLD_ROWS) this.#foldSoon();
    void this.#pump();
    this.#onChange();
    return kept !== null && kept.settled.length + kept.own.length > 0;
  }

  /** Call when the connection's status changed: what it acknowledged is settled. */
  acknowledged(): void {
    const { saved } = this.edits;
    if (saved <= this.#settledUpTo) return;
    this.#settledUpTo = saved;
    this.#settle.push({ session: this.#session, upTo: saved });
    const done = this.#adopted.filter(({ until }) => until <= saved);
    if (done.length > 0) {
      this.#settle.push(...done.map(({ session, upTo }) => ({ session, upTo })));
      this.#adopted = this.#adopted.filter(({ until }) => until > saved);
    }
    void this.#pump();
  }

  /** Edits of this document, of all tabs and visits, that the relay has not acknowledged. */
  async countUnsaved(): Promise<number> {
    await this.flushed();
    const kept = await this.#place?.rows.countOwn().catch(() => 0);
    return Math.max(this.edits.count, kept ?? 0);
  }

  /** Resolves when everything so far is written, or cannot be. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Ends keeping; what is kept stays. Resolves when the last row is written. */
  async close(): Promise<void> {
    this.#doc.off('update', this.#onUpdate);
    if (this.#foldTimer) clearTimeout(this.#foldTimer);
    await this.flushed();
    this.#tabs?.close();
    this.#place?.rows.close();
  }

  readonly #onUpdate = (bytes: Uint8Array, origin: unknown): void => {
    if (this.#loading) return;
    if (isFromRelay(origin)) this.#settled.push(bytes);
    else if (origin instanceof FromTab) {
      this.#adopted.push({ session: origin.session, upTo: origin.number, until: this.edits.edited() });
    } else this.#own.push({ session: this.#session, number: this.edits.edited(), bytes });
    void this.#pump();
  };

  #apply(settled: readonly Uint8Array[], own: readonly OwnRow[]): void {
    this.#loading = true;
    try {
      this.#doc.transact(() => {
        for (const bytes of settled) Y.applyUpdate(this.#doc, bytes);
        for (const { bytes } of own) Y.applyUpdate(this.#doc, bytes);
      }, this);
    } finally {
      this.#loading = false;
    }
    this.edits.found(own.length);
    const last = new Map<number, number>();
    for (const { session, number } of own) last.set(session, Math.max(number, last.get(session) ?? 0));
    for (const [session, upTo] of last) this.#adopted.push({ session, upTo, until: this.edits.made });
  }

  #receive({ session, number, bytes }: OwnRow): void {
    if (session !== this.#session) Y.applyUpdate(this.#doc, bytes, new FromTab(session, number));
  }

  async #pump(): Promise<void> {
    const rows = this.#place?.rows;
    if (!rows || this.#writing || this.#failed) return;
    if (this.#settled.length + this.#own.length + this.#settle.length === 0) return;
    const batch = { settled: this.#settled, own: this.#own, settle: this.#settle };
    [this.#settled, this.#own, this.#settle] = [[], [], []];
    this.#writing = rows.write(batch).then(
      // The others are told of what is kept: should this tab die now, nobody needs it.
      () => batch.own.length > 0 && this.#tabs?.post(batch.own),
      () => this.#fail(),
    ) as Promise<void>;
    await this.#writing;
    this.#writing = null;
    if (++this.#writes % FOLD_WRITES === 0) this.#foldSoon();
    void this.#pump();
  }

  /** Storage is full or was taken away: said at once, and nothing is written behind a gap. */
  #fail(): void {
    this.#failed = true;
    this.#onChange();
  }

  #foldSoon(): void {
    this.#foldTimer ??= setTimeout(() => {
      this.#foldTimer = null;
      this.#place?.rows.fold((rows) => Y.encodeStateAsUpdate(docOf(rows))).catch(() => undefined);
    }, FOLD_AFTER_MS);
  }
}

function docOf(rows: readonly Uint8Array[]): Y.Doc {
  return textOf(rows).doc;
}
