import { randomUUID } from 'node:crypto';
import { access } from 'node:fs/promises';
import type { DocumentView } from '@markco/core/contract/projects';
import { AppError } from '@markco/core/errors';
import type { DocumentMeta } from '@markco/sync/file-store/document-meta';
import { projectFilePath } from '@markco/sync/file-store/root-files';
import { announce, type BridgeContext } from './bridge-context.ts';
import type { RemovalDecision } from './bridge-problems.ts';
import { needsAsking } from './bulk-guard.ts';

/** FB7: what happens when files or documents go. Nothing is lost by it: an edit beats a delete, and many at once are asked about. */
export class Removals {
  readonly #context: BridgeContext;
  readonly #forgetAbsence: (documentId: string) => void;
  #decision: (RemovalDecision & { ids: string[] }) | null = null;
  /** Removals the person said yes to. */
  readonly #approved = new Set<string>();

  constructor(context: BridgeContext, forgetAbsence: (documentId: string) => void) {
    this.#context = context;
    this.#forgetAbsence = forgetAbsence;
  }

  get decision(): RemovalDecision | null {
    const { ids: _, ...shown } = this.#decision ?? { ids: [] };
    return this.#decision ? (shown as RemovalDecision) : null;
  }

  /** The person's answer. `keep`: files are written again, documents made again on the server. */
  async decide(answer: 'remove' | 'keep'): Promise<void> {
    const decision = this.#decision;
    if (!decision) return;
    this.#decision = null;
    this.#context.problems.clear('decision', null);
    for (const id of decision.ids) {
      if (answer === 'remove') this.#approved.add(id);
      else if (decision.side === 'here') await this.#writeAgain(id, null);
      else await this.#context.store.unlink(id);
    }
    this.#context.changed();
  }

  /** Files that went from the folder. True where documents were removed. */
  async fromFolder(gone: readonly DocumentMeta[]): Promise<void> {
    if (gone.length === 0 || !(await this.#rootIsThere()) || this.#ask('here', gone)) return;
    const api = this.#context.api();
    const projectId = this.#context.projectId();
    // Without the server's word an edit made elsewhere could be deleted: wait for it.
    const views = api && projectId ? new Map((await api.manifest(projectId)).map((view) => [view.id, view])) : null;
    for (const meta of gone) {
      const view = meta.serverId ? views?.get(meta.serverId) : undefined;
      if (meta.serverId && !views) continue;
      if (await this.#editedElsewhere(meta, view))
        await this.#writeAgain(meta.documentId, `${meta.path} was deleted here and edited elsewhere. It was kept.`);
      else await this.#remove(meta, view && api ? () => api.remove(view.id) : null);
    }
  }

  /** Documents that went from the server. */
  async fromServer(removed: readonly DocumentMeta[]): Promise<void> {
    if (removed.length === 0 || this.#ask('there', removed)) return;
    for (const meta of removed) {
      await this.#context.cool(meta.documentId);
      // The file may have been edited and not looked at yet.
      await this.#context.store.notice(meta.documentId);
      const now = this.#context.store.meta(meta.documentId);
      if (!now) continue;
      if (now.dirty && !this.#approved.has(meta.documentId)) {
        await this.#context.store.unlink(meta.documentId);
        this.#context.problems.add({
          kind: 'kept',
          path: meta.path,
          message: `${meta.path} was deleted elsewhere and edited here. It was kept.`,
        });
        this.#context.exchangeSoon();
      } else {
        await this.#context.store.remove(meta.documentId, this.#context.trash);
        this.#approved.delete(meta.documentId);
        await announce(this.#context, meta.documentId, 'deleted');
      }
    }
  }

  /** True where the person has to be asked first, or was and has not answered. */
  #ask(side: 'here' | 'there', metas: readonly DocumentMeta[]): boolean {
    const open = metas.filter((meta) => !this.#approved.has(meta.documentId));
    if (open.length === 0) return false;
    const total = this.#context.store.documents(this.#context.root).length;
    if (!this.#decision && !needsAsking(open.length, total)) return false;
    if (this.#decision?.side === side && this.#decision.ids.length === open.length) return true;
    if (this.#decision && this.#decision.side !== side) return true;
    const ids = open.map((meta) => meta.documentId);
    this.#decision = { id: randomUUID(), side, paths: open.map((meta) => meta.path), ids };
    const where = side === 'here' ? 'went from the folder' : 'were deleted on another device';
    this.#context.problems.add({
      kind: 'decision',
      path: null,
      message: `${open.length} documents ${where}. Nothing was removed yet: remove them everywhere, or keep them?`,
    });
    return true;
  }

  async #editedElsewhere(meta: DocumentMeta, view: DocumentView | undefined): Promise<boolean> {
    if (this.#approved.has(meta.documentId)) return false;
    if (view && view.contentHash !== meta.textHash) return true;
    // Edits that came while the file was away: they are in the state, not in what the file last had.
    const { hasState, projected } = await this.#context.store.standing(meta.documentId);
    return hasState && !projected;
  }

  async #remove(meta: DocumentMeta, there: (() => Promise<void>) | null): Promise<void> {
    await this.#context.cool(meta.documentId);
    await there?.().catch((error: unknown) => {
      if (!(error instanceof AppError && error.code === 'not_found')) throw error;
    });
    await this.#context.store.remove(meta.documentId);
    this.#approved.delete(meta.documentId);
    this.#forgetAbsence(meta.documentId);
    await announce(this.#context, meta.documentId, 'deleted');
  }

  async #writeAgain(documentId: string, message: string | null): Promise<void> {
    this.#forgetAbsence(documentId);
    const path = this.#context.store.meta(documentId)?.path ?? null;
    if (message) this.#context.problems.add({ kind: 'kept', path, message });
    await this.#context.store.rewrite(documentId);
    this.#context.warm(documentId);
  }

  /** A folder that is not there (an unmounted disk) deletes nothing. */
  async #rootIsThere(): Promise<boolean> {
    return access(projectFilePath(this.#context.root)).then(
      () => true,
      () => false,
    );
  }
}
