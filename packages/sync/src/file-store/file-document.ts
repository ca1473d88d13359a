import { randomUUID } from 'node:crypto';
import * as Y from 'yjs';
import { DocumentGone } from '../store/document-gone.ts';
import { type Base, encodeBase, encodeMerge } from './base-frame.ts';
import { type DocumentMeta, isLocalEpoch } from './document-meta.ts';
import type { DocumentSite } from './document-site.ts';
import { FRAME, type Frame } from './log-frame.ts';
import { likelyBase, mergedText, textOf, writeText } from './merge-outside-edit.ts';
import { projectFile } from './project-file.ts';
import { freshLog, type Replayed, replayLog } from './replay-log.ts';
import { SerialQueue } from './serial-queue.ts';
import { readSettled } from './settled-file.ts';
import { StateLog } from './state-log.ts';
import { sameStamp, sha256, type TextFile } from './text-file.ts';

// How long a program may hold on to what it read before it saves (see likelyBase), and how many projections that can be.
const STALE_SAVE_MS = 2_000;
const RECENT_BASES = 8;
const COMPACT_AT_BYTES = 256 * 1024;
const MAX_ROUNDS = 8;

interface Loaded {
  doc: Y.Doc;
  hasState: boolean;
  base: Base | null;
  agreed: string | null;
  /** Earlier bases an outside edit may still be made from, newest first. */
  recent: { text: string; until: number }[];
}

/** What adopting the server's history did with the text that was here (FB4). */
export type AdoptOutcome = 'equal' | 'merged' | 'conflict';

/**
 * One document: its markdown file, its Yjs state, and the text they last agreed on. Everything that touches any of the three goes through
 * one queue. The document in memory holds nothing that is not in the log.
 */
export class FileDocument {
  readonly meta: DocumentMeta;
  readonly #site: DocumentSite;
  readonly #log: StateLog;
  readonly #queue = new SerialQueue();
  #loaded: Loaded | null = null;
  /** The history before the last {@link adopt}, for edits still on their way to it. */
  #retired: { epoch: string; doc: Y.Doc } | null = null;
  #snapshotBytes = 0;
  lastUsed = 0;

  constructor(site: DocumentSite, meta: DocumentMeta) {
    this.#site = site;
    this.meta = meta;
    this.#log = new StateLog(site.logPath(meta.documentId));
  }

  get busy(): boolean {
    return this.#queue.pending > 0;
  }

  get inMemory(): boolean {
    return this.#loaded !== null;
  }

  /**
   * Records that the server has the same text, its state not fetched (FB3). A document that already has a history of its own keeps it until
   * the server's is adopted.
   */
  record(text: string, epoch: string): Promise<void> {
    return this.#queue.run(async () => {
      const loaded = await this.#open();
      if (loaded.hasState) {
        const payload = encodeBase({ text, hash: null }, loaded.base?.text ?? '');
        await this.#log.append([{ kind: FRAME.agreed, payload }], false);
        loaded.agreed = text;
        return this.#site.saveMeta(this.meta);
      }
      const found = await this.#site.read(this.meta.file);
      // A file that changed since it was compared is an outside edit of the agreed text: its bytes must not count as known.
      const file = found?.status === 'ok' && found.text === text ? found : null;
      const base = { text, hash: file?.hash ?? null };
      this.meta.epoch = epoch;
      await this.#log.rewrite(freshLog(this.#header(), null, base, text), false);
      Object.assign(loaded, { base, agreed: text });
      this.#noteBase(base, file);
      this.meta.dirty = false;
      await this.#site.saveMeta(this.meta);
    });
  }

  /** FB5 first, then the whole state. Without the server's state a local history is made of the text (EL3). */
  load(): Promise<Uint8Array> {
    return this.#queue.run(async () => {
      let loaded = await this.#open();
      if (!loaded.hasState) loaded = await this.#makeLocalHistory(loaded);
      await this.#reconcile();
      return Y.encodeStateAsUpdateV2((await this.#open()).doc);
    });
  }

  /** SY4, FB8: on disk when it resolves. Returns what makes it visible and what takes it back; the queue waits for one of them. */
  async append(sent: readonly Uint8Array[], epoch: string | null): Promise<{ commit: () => void; rollback: () => Promise<void> }> {
    let updates = sent;
    let settle!: () => void;
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const undo = await new Promise<() => Promise<void>>((onWritten, onFailed) => {
      void this.#queue.run(async () => {
        try {
          await this.#open();
          await this.#markDirty();
          if (epoch !== null && epoch !== this.meta.epoch) updates = this.#carryOver(epoch, sent);
          onWritten(await this.#log.append(updates.map(updateFrame), true));
        } catch (error) {
          onFailed(error);
          return;
        }
        await settled;
      });
    });
    const commit = (): void => {
      const { doc } = this.#loaded!;
      doc.transact(() => {
        for (const update of updates) Y.applyUpdate(doc, update);
      });
      this.#loaded!.hasState = true;
      if (updates !== sent) for (const update of updates) this.#site.onOutsideEdit(this.meta.documentId, update);
      settle();
    };
    const rollback = async (): Promise<void> => {
      await undo().finally(settle);
    };
    return { commit, rollback };
  }

  /** Brings file and document together: outside edits in (FB5), then the text out (FB6). */
  reconcile(): Promise<void> {
    return this.#queue.run(() => this.#reconcile());
  }

  /** A look at the file after an event; reads nothing where the stamp is the one we know (echo, FB5). */
  noticeFile(): Promise<void> {
    return this.#queue.run(async () => {
      const stamp = await this.#site.stampOf(this.meta.file);
      if (stamp === null) return this.#site.onFileMissing(this.meta.documentId);
      if (!sameStamp(stamp, this.meta.stamp)) await this.#reconcile();
    });
  }

  /**
   * FB4, SY7: the server's history takes the place of what is here; `state` is a Yjs V1 update. Text that was changed here since it was last
   * agreed on is merged in; where nothing was ever agreed on and the texts differ, the local one goes to `conflictCopy`, or,
   * where that is null, both are kept in one text (SY12).
   */
  adopt(epoch: string, state: Uint8Array, conflictCopy: ((text: string) => Promise<void>) | null): Promise<AdoptOutcome> {
    return this.#queue.run(async () => {
      await this.#reconcile();
      const loaded = await this.#open();
      const doc = new Y.Doc();
      Y.applyUpdate(doc, state);
      const { local, base } = await this.#localSide(loaded);
      const theirs = textOf(doc);
      let outcome: AdoptOutcome = 'equal';
      if (local !== null && local !== theirs) {
        outcome = loaded.agreed === null && conflictCopy ? 'conflict' : 'merged';
        if (outcome === 'conflict') await conflictCopy!(local);
        else writeText(doc, mergedText(loaded.agreed, theirs, local));
      }
      await this.#replaceHistory(epoch, doc, base, theirs);
      await this.#reconcile();
      return outcome;
    });
  }

  /** Takes in state of the same history another store has (SY12); `state` is a Yjs V1 update. Durable when it resolves; returns what was new. */
  absorb(state: Uint8Array): Promise<Uint8Array | null> {
    return this.#queue.run(async () => {
      const { doc } = await this.#open();
      const probe = new Y.Doc();
      Y.applyUpdate(probe, Y.encodeStateAsUpdate(doc));
      let fresh: Uint8Array | null = null;
      const diff = Y.diffUpdate(state, Y.encodeStateVector(doc));
      probe.on('update', () => {
        fresh = diff;
      });
      Y.applyUpdate(probe, diff);
      probe.destroy();
      if (fresh) {
        await this.#log.append([updateFrame(diff)], true);
        Y.applyUpdate(doc, diff);
        this.#loaded!.hasState = true;
      }
      return fresh;
    });
  }

  /** Remembers that server and folder agree now (FB4), and that nothing waits to be sent. Does nothing if the text went on meanwhile. */
  markAgreed(serverText: string): Promise<boolean> {
    return this.#queue.run(async () => {
      const loaded = await this.#open();
      if (textOf(loaded.doc) !== serverText || loaded.base?.text !== serverText) return false;
      if (loaded.agreed !== serverText) {
        const payload = encodeBase({ text: serverText, hash: null }, serverText);
        await this.#log.append([{ kind: FRAME.agreed, payload }], false);
        loaded.agreed = serverText;
      }
      this.meta.dirty = false;
      await this.#site.saveMeta(this.meta);
      return true;
    });
  }

  /** The text as it is now (of the log, or of the file where there is only that). */
  text(): Promise<string> {
    return this.#queue.run(async () => {
      return (await this.#localSide(await this.#open())).local ?? '';
    });
  }

  /** RU15: the state vector and whether the file holds all of it. */
  standing(): Promise<{ vector: Uint8Array; projected: boolean; hasState: boolean }> {
    return this.#queue.run(async () => {
      const { doc, base, hasState } = await this.#open();
      return { vector: Y.encodeStateVector(doc), projected: base?.text === textOf(doc) && base.hash !== null, hasState };
    });
  }

  /** FB7: writes a file that went away again. */
  rewrite(): Promise<void> {
    return this.#queue.run(async () => {
      let loaded = await this.#open();
      if (!loaded.hasState) loaded = await this.#makeLocalHistory(loaded);
      if (loaded.base) {
        const base = { text: loaded.base.text, hash: null };
        await this.#write([{ kind: FRAME.base, payload: encodeBase(base, loaded.base.text) }], false);
        loaded.base = base;
      }
      await this.#reconcile();
    });
  }

  /** Runs `task` between two steps of this document: renames and removals of its file. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(task);
  }

  /** SY10. Folds the log into a snapshot where it is worth it, or `force`. */
  compact(force: boolean): Promise<number> {
    return this.#queue.run(() => this.#compact(force));
  }

  /** Frees the memory; the log has everything. */
  unload(): Promise<void> {
    return this.#queue.run(() => this.#forget());
  }

  /** Ends the document: closes the log and hands its path to `moveAway`. */
  retire(moveAway: (logPath: string) => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      await this.#forget();
      await moveAway(this.#site.logPath(this.meta.documentId));
    });
  }

  // --- below: called inside the queue only ---

  async #open(): Promise<Loaded> {
    this.lastUsed = Date.now();
    if (this.#loaded) return this.#loaded;
    const frames = await this.#log.open();
    const replayed = replayLog(frames);
    const header = replayed.header;
    if (header) this.meta.epoch = header.epoch;
    else await this.#log.rewrite(freshLog(this.#header(), null, null, null), false);
    this.meta.pulled = replayed.hasState && !isLocalEpoch(this.meta.epoch);
    this.#snapshotBytes = this.#log.size;
    this.#loaded = { ...(await this.#settleIntent(replayed)), doc: replayed.doc, hasState: replayed.hasState, agreed: replayed.agreed };
    return this.#loaded;
  }

  /** FB6 after a crash: the announced write happened where the file has its bytes; where it has neither's, both stay candidates. */
  async #settleIntent({ base, intent }: Replayed): Promise<Pick<Loaded, 'base' | 'recent'>> {
    if (!intent) return { base, recent: [] };
    const file = await this.#site.read(this.meta.file);
    const found = file?.status === 'ok' ? file.hash : null;
    if (found === intent.hash) return { base: intent, recent: [] };
    if (found === null || found === base?.hash) return { base, recent: [] };
    return { base, recent: [{ text: intent.text, until: Number.POSITIVE_INFINITY }] };
  }

  async #forget(): Promise<void> {
    this.#retired?.doc.destroy();
    this.#retired = null;
    this.#loaded?.doc.destroy();
    this.#loaded = null;
    await this.#log.close();
  }

  async #reconcile(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const loaded = await this.#open();
      const file = await readSettled(() => this.#site.read(this.meta.file), loaded.base?.hash ?? null, this.#site.settleMs);
      if (file && file.status !== 'ok') return this.#site.onUnusable(this.meta.documentId, file.status);
      if (file && !(await this.#takeIn(loaded, file))) return;
      if (!loaded.hasState) return;
      if (await this.#tryProject(loaded, file)) return this.#compact(false).then(() => undefined);
    }
    // Someone writes the file faster than we read it: their next pause wakes us again.
    this.#site.retryLater(this.meta.documentId);
  }

  /** FB5. False where there is nothing to merge into yet: the server's state has to come first. */
  async #takeIn(loaded: Loaded, file: TextFile): Promise<boolean> {
    const { documentId } = this.meta;
    if (file.hash === loaded.base?.hash) {
      this.meta.stamp = file.stamp;
      return true;
    }
    if (!loaded.hasState) {
      if (loaded.base) await this.#markDirty();
      this.#site.onOutsideEdit(documentId, null);
      return false;
    }
    const base = { text: file.text, hash: file.hash };
    const update = this.#mergeIn(loaded, file.text);
    if (update) await this.#markDirty();
    await this.#write(
      [
        update
          ? encodeMerge(update, base, loaded.base?.text ?? '')
          : { kind: FRAME.base, payload: encodeBase(base, loaded.base?.text ?? '') },
      ],
      update !== null,
    );
    loaded.base = base;
    loaded.recent = [];
    this.#noteBase(base, file);
    this.#site.saveMetaSoon(this.meta);
    if (update) this.#site.onOutsideEdit(documentId, update);
    return true;
  }

  #mergeIn(loaded: Loaded, fileText: string): Uint8Array | null {
    const now = Date.now();
    const recent = loaded.recent.filter((entry) => entry.until > now).map((entry) => entry.text);
    const base = loaded.base ? likelyBase([loaded.base.text, ...recent], fileText) : null;
    const target = mergedText(base, textOf(loaded.doc), fileText);
    return writeText(loaded.doc, target);
  }

  /** Disk full, no permission: the state is safe in the log, so this is told and tried again (FB6), not thrown. */
  async #tryProject(loaded: Loaded, file: TextFile | null): Promise<boolean> {
    try {
      return await this.#project(loaded, file);
    } catch (error) {
      this.#site.onProblem(this.meta.documentId, error as Error);
      this.#site.retryLater(this.meta.documentId);
      return true;
    }
  }

  /** FB6. False where the file changed while it was being written: look again. */
  async #project(loaded: Loaded, file: TextFile | null): Promise<boolean> {
    const text = textOf(loaded.doc);
    if (loaded.base?.text === text && loaded.base.hash !== null) return true;
    const recreated = file === null && loaded.base?.hash != null;
    if (this.#site.held(this.meta.documentId, recreated)) return true;
    const previous = loaded.base;
    const done = await projectFile({
      site: this.#site,
      file: this.meta.file,
      text,
      current: file,
      announce: (hash) => this.#write([{ kind: FRAME.intent, payload: encodeBase({ text, hash }, previous?.text ?? '') }], true),
    });
    if (!done) return false;
    loaded.base = { text, hash: done.hash };
    if (previous) loaded.recent = [{ text: previous.text, until: Date.now() + STALE_SAVE_MS }, ...loaded.recent].slice(0, RECENT_BASES);
    await this.#write([{ kind: FRAME.done, payload: new Uint8Array() }], false);
    this.#noteBase(loaded.base, null);
    this.meta.stamp = done.stamp;
    this.#site.saveMetaSoon(this.meta);
    if (previous) this.#site.watchLateWriter(done.late, (late) => this.#queue.run(() => this.#takeInLate(previous.text, late)));
    this.#site.onProjected(this.meta.documentId, recreated);
    return true;
  }

  /** What a program wrote into the file we had just replaced (FB6: newer bytes are never lost). */
  async #takeInLate(base: string, text: string): Promise<void> {
    const loaded = await this.#open();
    const update = writeText(loaded.doc, mergedText(base, textOf(loaded.doc), text));
    if (!update) return;
    await this.#markDirty();
    await this.#write([updateFrame(update)], true);
    this.#site.onOutsideEdit(this.meta.documentId, update);
    await this.#reconcile();
  }

  async #makeLocalHistory(loaded: Loaded): Promise<Loaded> {
    const { base } = await this.#localSide(loaded);
    const doc = new Y.Doc();
    writeText(doc, base?.text ?? loaded.base?.text ?? '');
    const header = { ...this.#header(), epoch: `local-${randomUUID()}` };
    await this.#log.rewrite(freshLog(header, Y.encodeStateAsUpdateV2(doc), base ?? loaded.base, loaded.agreed));
    this.#loaded = { ...loaded, doc, hasState: true, base: base ?? loaded.base };
    this.meta.epoch = header.epoch;
    this.#noteBase(this.#loaded.base, null);
    await this.#site.saveMeta(this.meta);
    return this.#loaded;
  }

  /** The text that was here, null where there is none, and the file's part in it: what the next outside edit starts from. */
  async #localSide(loaded: Loaded): Promise<{ local: string | null; base: Base | null }> {
    if (loaded.hasState) return { local: textOf(loaded.doc), base: loaded.base };
    const file = await this.#site.read(this.meta.file);
    if (file?.status === 'ok') return { local: file.text, base: { text: file.text, hash: file.hash } };
    // Not there right now: that is no edit, and whether it is a removal is not decided here (FB7).
    return { local: loaded.base?.text ?? null, base: loaded.base };
  }

  async #replaceHistory(epoch: string, doc: Y.Doc, base: Base | null, serverText: string): Promise<void> {
    const header = { ...this.#header(), epoch };
    await this.#log.rewrite(freshLog(header, Y.encodeStateAsUpdateV2(doc), base, serverText));
    const old = this.#loaded;
    this.#retired?.doc.destroy();
    this.#retired = old?.hasState ? { epoch: this.meta.epoch, doc: old.doc } : null;
    this.#loaded = { doc, hasState: true, base, agreed: serverText, recent: [] };
    this.#snapshotBytes = this.#log.size;
    this.meta.epoch = epoch;
    this.meta.pulled = true;
    this.meta.dirty = textOf(doc) !== serverText;
    this.#noteBase(base, null);
    await this.#site.saveMeta(this.meta);
  }

  /**
   * SY7: edits of a history that was replaced while they were on their way are carried over as text. Whoever made them is told to come back
   * to the new history, and finds them there.
   */
  #carryOver(epoch: string, sent: readonly Uint8Array[]): Uint8Array[] {
    if (this.#retired?.epoch !== epoch) throw new DocumentGone([this.meta.documentId]);
    const old = this.#retired.doc;
    const before = textOf(old);
    for (const update of sent) Y.applyUpdate(old, update);
    const { doc } = this.#loaded!;
    // On a copy: the document in memory holds nothing that is not in the log.
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    const update = writeText(copy, mergedText(before, textOf(copy), textOf(old)));
    copy.destroy();
    return update ? [update] : [];
  }

  async #markDirty(): Promise<void> {
    if (this.meta.dirty) return;
    this.meta.dirty = true;
    await this.#site.saveMeta(this.meta);
  }

  /** The document in memory may be ahead of a write that fails: then it is read anew from the log. */
  async #write(frames: Frame[], sync: boolean): Promise<void> {
    try {
      await this.#log.append(frames, sync);
    } catch (error) {
      await this.#forget();
      throw error;
    }
  }

  async #compact(force: boolean): Promise<number> {
    const loaded = await this.#open();
    const before = this.#log.size;
    if (!loaded.hasState || (!force && before < Math.max(COMPACT_AT_BYTES, 3 * this.#snapshotBytes))) return 0;
    await this.#log.rewrite(freshLog(this.#header(), Y.encodeStateAsUpdateV2(loaded.doc), loaded.base, loaded.agreed));
    this.#snapshotBytes = this.#log.size;
    return before;
  }

  #noteBase(base: Base | null, file: TextFile | null): void {
    this.meta.textHash = sha256(base?.text ?? '');
    this.meta.fileHash = base?.hash ?? null;
    if (file) this.meta.stamp = file.stamp;
  }

  #header(): { documentId: string; epoch: string; path: string } {
    return { documentId: this.meta.documentId, epoch: this.meta.epoch, path: this.meta.path };
  }
}

function updateFrame(update: Uint8Array): Frame {
  return { kind: FRAME.update, payload: update };
}
