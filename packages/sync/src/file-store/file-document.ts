import { randomUUID } from 'node:crypto';
import * as Y from 'yjs';
import { missingFrom } from '../store/mode/document-states.ts';
import { type Base, encodeBase, encodeMerge } from './base-frame.ts';
import { DocumentMemory, type Loaded } from './document-memory.ts';
import type { DocumentMeta } from './document-meta.ts';
import type { DocumentSite } from './document-site.ts';
import { FRAME } from './log-frame.ts';
import { likelyBase, mergedText, textOf, writeText } from './merge-outside-edit.ts';
import { projectFile } from './project-file.ts';
import { SerialQueue } from './serial-queue.ts';
import { readSettled } from './settled-file.ts';
import { sameStamp, type TextFile } from './text-file.ts';

// How long a program may hold on to what it read before it saves (see likelyBase), and how many projections that can be.
const STALE_SAVE_MS = 2_000;
const RECENT_BASES = 8;
const MAX_ROUNDS = 8;

/** What adopting the server's history did with the text that was here (FB4). */
export type AdoptOutcome = 'equal' | 'merged' | 'conflict';

/**
 * One document: its markdown file, its Yjs state, and the text they last agreed on. Everything that touches any of the three goes through
 * one queue. The document in memory holds nothing that is not in the log.
 */
export class FileDocument {
  readonly meta: DocumentMeta;
  readonly #site: DocumentSite;
  readonly #memory: DocumentMemory;
  readonly #queue = new SerialQueue();

  constructor(site: DocumentSite, meta: DocumentMeta) {
    this.#site = site;
    this.meta = meta;
    this.#memory = new DocumentMemory(site, meta);
  }

  get busy(): boolean {
    return this.#queue.pending > 0;
  }

  /** Milliseconds since the epoch. */
  get lastUsed(): number {
    return this.#memory.lastUsed;
  }

  get inMemory(): boolean {
    return this.#memory.loaded !== null;
  }

  /**
   * Records that the server has the same text, its state not fetched (FB3). A document that already has a history of its own keeps it until
   * the server's is adopted.
   */
  record(text: string, epoch: string): Promise<void> {
    return this.#queue.run(async () => {
      const loaded = await this.#memory.open();
      if (loaded.hasState) {
        await this.#memory.noteAgreed(text);
        return this.#site.saveMeta(this.meta);
      }
      const found = await this.#site.read(this.meta.file);
      // A file that changed since it was compared is an outside edit of the agreed text: its bytes must not count as known.
      const file = found?.status === 'ok' && found.text === text ? found : null;
      await this.#memory.recordText(epoch, { text, hash: file?.hash ?? null }, file);
    });
  }

  /** FB5 first, then the whole state. Without the server's state a local history is made of the text (EL3). */
  load(): Promise<Uint8Array> {
    return this.#queue.run(async () => {
      let loaded = await this.#memory.open();
      if (!loaded.hasState) loaded = await this.#makeLocalHistory(loaded);
      await this.#reconcile();
      return Y.encodeStateAsUpdateV2((await this.#memory.open()).doc);
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
          await this.#memory.open();
          await this.#memory.markDirty();
          if (epoch !== null && epoch !== this.meta.epoch) updates = this.#memory.carryOver(epoch, sent);
          onWritten(await this.#memory.appendUpdates(updates));
        } catch (error) {
          onFailed(error);
          return;
        }
        await settled;
      });
    });
    const commit = (): void => {
      this.#memory.apply(updates);
      if (updates !== sent) for (const update of updates) this.#site.onOutsideEdit(this.meta.documentId, update, null);
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
      const loaded = await this.#memory.open();
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
      await this.#memory.replaceHistory(epoch, doc, base, theirs);
      await this.#reconcile();
      return outcome;
    });
  }

  /** Takes in state of the same history another store has (SY12); `state` is a Yjs V1 update. Durable when it resolves; returns what was new. */
  absorb(state: Uint8Array): Promise<Uint8Array | null> {
    return this.#queue.run(async () => {
      const { doc } = await this.#memory.open();
      const fresh = missingFrom(doc, state);
      if (fresh) {
        await this.#memory.appendUpdates([fresh]);
        this.#memory.apply([fresh]);
      }
      return fresh;
    });
  }

  /** Remembers that server and folder agree now (FB4), and that nothing waits to be sent. Does nothing if the text went on meanwhile. */
  markAgreed(serverText: string): Promise<boolean> {
    return this.#queue.run(async () => {
      const loaded = await this.#memory.open();
      if (textOf(loaded.doc) !== serverText || loaded.base?.text !== serverText) return false;
      if (loaded.agreed !== serverText) await this.#memory.noteAgreed(serverText);
      this.meta.dirty = false;
      await this.#site.saveMeta(this.meta);
      return true;
    });
  }

  /** The text as it is now (of the log, or of the file where there is only that). */
  text(): Promise<string> {
    return this.#queue.run(async () => {
      return (await this.#localSide(await this.#memory.open())).local ?? '';
    });
  }

  /** RU15: the state vector and whether the file holds all of it. */
  standing(): Promise<{ vector: Uint8Array; projected: boolean; hasState: boolean }> {
    return this.#queue.run(async () => {
      const { doc, base, hasState } = await this.#memory.open();
      return { vector: Y.encodeStateVector(doc), projected: base?.text === textOf(doc) && base.hash !== null, hasState };
    });
  }

  /** FB7: writes a file that went away again. */
  rewrite(): Promise<void> {
    return this.#queue.run(async () => {
      let loaded = await this.#memory.open();
      if (!loaded.hasState) loaded = await this.#makeLocalHistory(loaded);
      if (loaded.base) {
        const base = { text: loaded.base.text, hash: null };
        await this.#memory.write([{ kind: FRAME.base, payload: encodeBase(base, loaded.base.text) }], false);
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
    return this.#queue.run(() => this.#memory.compact(force));
  }

  /** Frees the memory; the log has everything. */
  unload(): Promise<void> {
    return this.#queue.run(() => this.#memory.forget());
  }

  /** Ends the document: closes the log and hands its path to `moveAway`. */
  retire(moveAway: (logPath: string) => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      await this.#memory.forget();
      await moveAway(this.#site.logPath(this.meta.documentId));
    });
  }

  // --- below: called inside the queue only ---

  async #reconcile(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const loaded = await this.#memory.open();
      const file = await readSettled(() => this.#site.read(this.meta.file), loaded.base?.hash ?? null, this.#site.settleMs);
      if (file && file.status !== 'ok') return this.#site.onUnusable(this.meta.documentId, file.status);
      if (file && !(await this.#takeIn(loaded, file))) return;
      if (!loaded.hasState) return;
      if (await this.#tryProject(loaded, file)) return this.#tryCompact();
    }
    // Someone writes the file faster than we read it: their next pause wakes us again.
    this.#site.retryLater(this.meta.documentId);
  }

  /** The log is as good unfolded: a full disk is told, and stops nobody from reading. */
  async #tryCompact(): Promise<void> {
    await this.#memory.compact(false).catch((error: Error) => this.#site.onProblem(this.meta.documentId, error));
  }

  /** FB5. False where there is nothing to merge into yet: the server's state has to come first. */
  async #takeIn(loaded: Loaded, file: TextFile): Promise<boolean> {
    const { documentId } = this.meta;
    if (file.hash === loaded.base?.hash) {
      this.meta.stamp = file.stamp;
      return true;
    }
    if (!loaded.hasState) {
      if (loaded.base) await this.#memory.markDirty();
      this.#site.onOutsideEdit(documentId, null, loaded.base?.text ?? null);
      return false;
    }
    const base = { text: file.text, hash: file.hash };
    const before = textOf(loaded.doc);
    const update = this.#mergeIn(loaded, file.text);
    if (update) await this.#memory.markDirty();
    await this.#memory.write(
      [
        update
          ? encodeMerge(update, base, loaded.base?.text ?? '')
          : { kind: FRAME.base, payload: encodeBase(base, loaded.base?.text ?? '') },
      ],
      update !== null,
    );
    loaded.base = base;
    loaded.recent = [];
    this.#memory.noteBase(base, file);
    this.#site.saveMetaSoon(this.meta);
    if (update) this.#site.onOutsideEdit(documentId, update, before);
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
      announce: (hash) => this.#memory.write([{ kind: FRAME.intent, payload: encodeBase({ text, hash }, previous?.text ?? '') }], true),
    });
    if (!done) return false;
    loaded.base = { text, hash: done.hash };
    if (previous) loaded.recent = [{ text: previous.text, until: Date.now() + STALE_SAVE_MS }, ...loaded.recent].slice(0, RECENT_BASES);
    await this.#memory.write([{ kind: FRAME.done, payload: new Uint8Array() }], false);
    this.#memory.noteBase(loaded.base, null);
    this.meta.stamp = done.stamp;
    this.#site.saveMetaSoon(this.meta);
    if (previous) this.#site.watchLateWriter(done.late, (late) => this.#queue.run(() => this.#takeInLate(previous.text, late)));
    this.#site.onProjected(this.meta.documentId, recreated);
    return true;
  }

  /** What a program wrote into the file we had just replaced (FB6: newer bytes are never lost). */
  async #takeInLate(base: string, text: string): Promise<void> {
    const loaded = await this.#memory.open();
    const before = textOf(loaded.doc);
    const update = writeText(loaded.doc, mergedText(base, textOf(loaded.doc), text));
    if (!update) return;
    await this.#memory.markDirty();
    await this.#memory.write([{ kind: FRAME.update, payload: update }], true);
    this.#site.onOutsideEdit(this.meta.documentId, update, before);
    await this.#reconcile();
  }

  async #makeLocalHistory(loaded: Loaded): Promise<Loaded> {
    const { base } = await this.#localSide(loaded);
    const doc = new Y.Doc();
    writeText(doc, base?.text ?? '');
    return this.#memory.startHistory(`local-${randomUUID()}`, doc, base);
  }

  /** The text that was here, null where there is none, and the file's part in it: what the next outside edit starts from. */
  async #localSide(loaded: Loaded): Promise<{ local: string | null; base: Base | null }> {
    if (loaded.hasState) return { local: textOf(loaded.doc), base: loaded.base };
    const file = await this.#site.read(this.meta.file);
    if (file?.status === 'ok') return { local: file.text, base: { text: file.text, hash: file.hash } };
    // Not there right now: that is no edit, and whether it is a removal is not decided here (FB7).
    return { local: loaded.base?.text ?? null, base: loaded.base };
  }
}
