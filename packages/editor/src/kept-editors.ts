import { createSession, readOnlyReason } from './create-session.ts';
import { HeldEditor } from './held-editor.ts';
import type { OpenDocument, WorkspaceHost } from './host.tsx';

/** As many as documents stay attached (WB3). */
const KEEP = 5;

/** WB3, WB9: the editors of the documents looked at last, so that a switch back makes nothing anew. */
export class KeptEditors {
  readonly #host: WorkspaceHost;
  /** By document, the one used last at the end. */
  readonly #kept = new Map<string, HeldEditor>();

  constructor(host: WorkspaceHost) {
    this.#host = host;
  }

  /** The editor of an open document: the kept one where it shows the same history, else a new one with the cursor where it was. */
  take(open: OpenDocument, touch: boolean): HeldEditor {
    const known = this.#kept.get(open.id);
    const editor = known && this.#fits(known, open, touch) ? known : this.#make(open, touch, known);
    this.#kept.delete(open.id);
    this.#kept.set(open.id, editor);
    const [oldest] = this.#kept;
    if (this.#kept.size > KEEP && oldest) this.#forget(oldest[0], oldest[1]);
    return editor;
  }

  /** Ends all of them. */
  close(): void {
    for (const [id, editor] of [...this.#kept]) this.#forget(id, editor);
  }

  #fits({ session }: HeldEditor, open: OpenDocument, touch: boolean): boolean {
    return session.open.doc === open.doc && session.touch === touch && session.readOnly === readOnlyReason(this.#host, open.id);
  }

  #make(open: OpenDocument, touch: boolean, before: HeldEditor | undefined): HeldEditor {
    const startAt = before?.cursor ?? 0;
    if (before) this.#forget(open.id, before);
    const made = new HeldEditor(createSession(this.#host, open, touch), startAt);
    // The host attaches only so many; what it let go of shows nothing new any more.
    open.doc.once('destroy', () => this.#forget(open.id, made));
    return made;
  }

  #forget(id: string, editor: HeldEditor): void {
    if (this.#kept.get(id) === editor) this.#kept.delete(id);
    editor.destroy();
  }
}
