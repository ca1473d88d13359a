import type { EditorView } from '@codemirror/view';
import { createView } from './codemirror/create-view.ts';
import { PortalRegistry } from './codemirror/portals.ts';
import { setPreviewMode } from './codemirror/preview-mode.ts';
import type { FollowingSession } from './create-session.ts';
import { editorServicesOf } from './editor-services.ts';
import type { OpenDocument } from './host.tsx';

/**
 * WB3: the editor of one document, on the page or kept beside it. Its view stays bound to the document while it is kept, so that showing
 * it again is only painting; cursor, undo and what was scrolled to stay too.
 */
export class HeldEditor {
  readonly registry = new PortalRegistry();
  #session: FollowingSession;
  #view: EditorView | null = null;
  #startAt: number;
  #scrollTop = 0;
  #gone = false;

  /** `startAt`: where the cursor of a new view stands, in UTF-16 units. */
  constructor(session: FollowingSession, startAt = 0) {
    this.#session = session;
    this.#startAt = startAt;
  }

  get session(): FollowingSession {
    return this.#session;
  }

  /** Where the cursor is, or would be. */
  get cursor(): number {
    return this.#view?.state.selection.main.head ?? this.#startAt;
  }

  /** The same history, held by another user of it from now on. */
  handOver(open: OpenDocument): void {
    this.#session = { ...this.#session, open };
  }

  /** Puts the editor into `place`, as it was left. */
  show(place: HTMLElement): void {
    if (this.#gone) return;
    if (this.#view) {
      place.append(this.#view.dom);
      // An element that leaves the page forgets it.
      if (this.#scrollTop > 0) this.#view.scrollDOM.scrollTop = this.#scrollTop;
      this.#view.requestMeasure();
      return;
    }
    const view = createView(this.#session, place, this.registry, editorServicesOf(this.#session), this.#startAt);
    // Asking for it when the editor leaves would lay the page out once more.
    view.scrollDOM.addEventListener('scroll', () => (this.#scrollTop = view.scrollDOM.scrollTop), { passive: true });
    this.#view = view;
  }

  /** Takes the editor off the page. Nobody sees our cursor in a document that is not looked at, and phones begin by reading (WB5). */
  hide(): void {
    const view = this.#view;
    if (!view) return;
    const { open, touch, mode, focused } = this.#session;
    if (view.hasFocus) view.contentDOM.blur();
    view.dom.remove();
    focused.set(false);
    if (touch && mode.get() === 'live') view.dispatch({ effects: setPreviewMode.of('reading') });
    if (open.awareness.getLocalState()?.cursor) open.awareness.setLocalStateField('cursor', null);
  }

  /** Ends it; it shows nothing afterwards. */
  destroy(): void {
    this.#startAt = this.cursor;
    this.#gone = true;
    const view = this.#view;
    this.#view = null;
    this.#session.view.set(null);
    view?.destroy();
    this.#session.close();
  }
}
