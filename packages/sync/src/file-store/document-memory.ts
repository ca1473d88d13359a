import * as Y from 'yjs';
import { DocumentGone } from '../store/document-gone.ts';
import { type Base, encodeBase } from './base-frame.ts';
import { type DocumentMeta, isLocalEpoch } from './document-meta.ts';
import type { DocumentSite } from './document-site.ts';
import { FRAME, type Frame } from './log-frame.ts';
import { mergedText, textOf, writeText } from './merge-outside-edit.ts';
import { freshLog, type LogHeader, type Replayed, replayLog } from './replay-log.ts';
import { StateLog } from './state-log.ts';
import { sha256, type TextFile } from './text-file.ts';

const COMPACT_AT_BYTES = 256 * 1024;

/** A document while it is in memory. */
export interface Loaded {
  doc: Y.Doc;
  /** False while only the text is here (FB3). */
  hasState: boolean;
  base: Base | null;
  agreed: string | null;
  /** Earlier bases an outside edit may still be made from, newest first. */
  recent: { text: string; until: number }[];
}

/**
 * A document's log and what it amounts to, kept in step: nothing is in memory that is not in the log. Its callers take turns; each call here
 * is one step of one of them.
 */
export class DocumentMemory {
  readonly #site: DocumentSite;
  readonly #meta: DocumentMeta;
  readonly #log: StateLog;
  loaded: Loaded | null = null;
  lastUsed = 0;
  /** The history before the last replacement, for edits still on their way to it. */
  #retired: { epoch: string; doc: Y.Doc } | null = null;
  #snapshotBytes = 0;

  constructor(site: DocumentSite, meta: DocumentMeta) {
    this.#site = site;
    this.#meta = meta;
    this.#log = new StateLog(site.logPath(meta.documentId));
  }

  async open(): Promise<Loaded> {
    this.lastUsed = Date.now();
    if (this.loaded) return this.loaded;
    const replayed = replayLog(await this.#log.open());
    if (replayed.header) this.#meta.epoch = replayed.header.epoch;
    else await this.#log.rewrite(freshLog(this.#header(), null, null, null), false);
    this.#meta.pulled = replayed.hasState && !isLocalEpoch(this.#meta.epoch);
    this.#snapshotBytes = this.#log.size;
    const { doc, hasState, agreed } = replayed;
    this.loaded = { ...(await this.#settleIntent(replayed)), doc, hasState, agreed };
    return this.loaded;
  }

  /** Frees the memory; the log has everything. */
  async forget(): Promise<void> {
    this.#retired?.doc.destroy();
    this.#retired = null;
    this.loaded?.doc.destroy();
    this.loaded = null;
    await this.#log.close();
  }

  /** The document in memory may be ahead of a write that fails: then it is read anew from the log. */
  async write(frames: Frame[], sync: boolean): Promise<void> {
    try {
      await this.#log.append(frames, sync);
    } catch (error) {
      await this.forget();
      throw error;
    }
  }

  /** Durable when it resolves, and not applied yet. Returns the undo. */
  appendUpdates(updates: readonly Uint8Array[]): Promise<() => Promise<void>> {
    return this.#log.append(
      updates.map((payload) => ({ kind: FRAME.update, payload })),
      true,
    );
  }

  apply(updates: readonly Uint8Array[]): void {
    const { doc } = this.loaded!;
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update);
    });
    this.loaded!.hasState = true;
  }

  /** Only the text is known, and the server has the same (FB3). Not synced to disk: it can be made again. */
  async recordText(epoch: string, base: Base, file: TextFile | null): Promise<void> {
    await this.#rewrite(freshLog({ ...this.#header(), epoch }, null, base, base.text), false);
    Object.assign(this.loaded!, { base, agreed: base.text });
    this.#meta.epoch = epoch;
    this.#meta.dirty = false;
    this.noteBase(base, file);
    await this.#site.saveMeta(this.#meta);
  }

  /** The first state of a document that only had text. */
  async startHistory(epoch: string, doc: Y.Doc, base: Base | null): Promise<Loaded> {
    const loaded = this.loaded!;
    await this.#rewrite(freshLog({ ...this.#header(), epoch }, Y.encodeStateAsUpdateV2(doc), base, loaded.agreed));
    this.loaded = { ...loaded, doc, hasState: true, base };
    this.#meta.epoch = epoch;
    this.noteBase(base, null);
    await this.#site.saveMeta(this.#meta);
    return this.loaded;
  }

  /** SY7: another history, at once or not at all. `serverText`: what the server has of it. */
  async replaceHistory(epoch: string, doc: Y.Doc, base: Base | null, serverText: string): Promise<void> {
    await this.#rewrite(freshLog({ ...this.#header(), epoch }, Y.encodeStateAsUpdateV2(doc), base, serverText));
    const old = this.loaded;
    this.#retired?.doc.destroy();
    this.#retired = old?.hasState ? { epoch: this.#meta.epoch, doc: old.doc } : null;
    this.loaded = { doc, hasState: true, base, agreed: serverText, recent: [] };
    this.#snapshotBytes = this.#log.size;
    Object.assign(this.#meta, { epoch, pulled: !isLocalEpoch(epoch), dirty: textOf(doc) !== serverText });
    this.noteBase(base, null);
    await this.#site.saveMeta(this.#meta);
  }

  /**
   * SY7: edits of a history that was replaced while they were on their way are carried over as text. Whoever made them is told to come back
   * to the new history, and finds them there.
   */
  carryOver(epoch: string, sent: readonly Uint8Array[]): Uint8Array[] {
    if (this.#retired?.epoch !== epoch) throw new DocumentGone([this.#meta.documentId]);
    const old = this.#retired.doc;
    const before = textOf(old);
    for (const update of sent) Y.applyUpdate(old, update);
    const { doc } = this.loaded!;
    // On a copy: the document in memory holds nothing that is not in the log.
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    const update = writeText(copy, mergedText(before, textOf(copy), textOf(old)));
    copy.destroy();
    return update ? [update] : [];
  }

  async noteAgreed(text: string): Promise<void> {
    const payload = encodeBase({ text, hash: null }, this.loaded!.base?.text ?? '');
    await this.#log.append([{ kind: FRAME.agreed, payload }], false);
    this.loaded!.agreed = text;
  }

  async markDirty(): Promise<void> {
    if (this.#meta.dirty) return;
    this.#meta.dirty = true;
    await this.#site.saveMeta(this.#meta);
  }

  noteBase(base: Base | null, file: TextFile | null): void {
    this.#meta.textHash = sha256(base?.text ?? '');
    this.#meta.fileHash = base?.hash ?? null;
    if (file) this.#meta.stamp = file.stamp;
  }

  /** SY10: folds the log into a snapshot where it is worth it, or `force`. Returns the bytes folded. */
  async compact(force: boolean): Promise<number> {
    const loaded = await this.open();
    const before = this.#log.size;
    if (!loaded.hasState || (!force && before < Math.max(COMPACT_AT_BYTES, 3 * this.#snapshotBytes))) return 0;
    await this.#rewrite(freshLog(this.#header(), Y.encodeStateAsUpdateV2(loaded.doc), loaded.base, loaded.agreed));
    this.#snapshotBytes = this.#log.size;
    return before;
  }

  /**
   * FB6 after a crash: the announced write happened where the file has its bytes; where it has neither's, both stay candidates. What was
   * found is written down, as the next base is told by its difference from this one.
   */
  async #settleIntent({ base, intent }: Replayed): Promise<Pick<Loaded, 'base' | 'recent'>> {
    if (!intent) return { base, recent: [] };
    const file = await this.#site.read(this.#meta.file);
    const found = file?.status === 'ok' ? file.hash : null;
    if (found === intent.hash) {
      await this.#log.append([{ kind: FRAME.done, payload: new Uint8Array() }], false);
      return { base: intent, recent: [] };
    }
    if (found === null || found === base?.hash) return { base, recent: [] };
    return { base, recent: [{ text: intent.text, until: Number.POSITIVE_INFINITY }] };
  }

  /** Whether a rewrite that fails left the old log or the new one is read from the disk. */
  async #rewrite(frames: readonly Frame[], sync = true): Promise<void> {
    try {
      await this.#log.rewrite(frames, sync);
    } catch (error) {
      await this.forget();
      throw error;
    }
  }

  #header(): LogHeader {
    return { documentId: this.#meta.documentId, epoch: this.#meta.epoch, path: this.#meta.path };
  }
}
