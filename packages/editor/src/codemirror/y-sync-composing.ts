import { ChangeSet } from '@codemirror/state';
import { type EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { ySyncAnnotation, ySyncFacet } from 'y-codemirror.next';
import type * as Y from 'yjs';

type Config = { ytext: Y.Text };

/**
 * Binds the editor to a Y.Text, as y-codemirror.next's own plugin does, with one difference (WB5): while an input method composes,
 * remote changes wait, since text that moves under a composition is displaced on phones. What is typed meanwhile goes to the Y.Text at
 * once, moved past the waiting changes.
 */
class ComposingSync implements PluginValue {
  readonly #view: EditorView;
  readonly #config: Config;
  readonly #observer: (event: Y.YTextEvent, transaction: Y.Transaction) => void;
  /** Remote changes not yet drawn, in terms of the editor's current text. */
  #waiting: ChangeSet | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(view: EditorView) {
    this.#view = view;
    this.#config = view.state.facet(ySyncFacet) as Config;
    this.#observer = (event, transaction) => {
      if (transaction.origin !== this.#config) this.#receive(event);
    };
    this.#config.ytext.observe(this.#observer);
  }

  #receive(event: Y.YTextEvent): void {
    const length = this.#waiting?.newLength ?? this.#view.state.doc.length;
    const remote = ChangeSet.of(toChanges(event.delta), length, '\n');
    this.#waiting = this.#waiting ? this.#waiting.compose(remote) : remote;
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    if (!this.#waiting) return;
    if (this.#view.composing) {
      this.#timer = setTimeout(() => this.#flush(), 100);
      return;
    }
    const changes = this.#waiting;
    this.#waiting = null;
    this.#view.dispatch({ changes, annotations: [ySyncAnnotation.of(this.#config as never)] });
  }

  update(update: ViewUpdate): void {
    for (const transaction of update.transactions) {
      if (transaction.docChanged && transaction.annotation(ySyncAnnotation) !== (this.#config as never)) this.#send(transaction.changes);
    }
  }

  #send(local: ChangeSet): void {
    const waiting = this.#waiting;
    const changes = waiting ? local.map(waiting) : local;
    // Both orders of the two changes give the same text; what was typed stands after what came from afar at the same place.
    if (waiting) this.#waiting = waiting.map(local, true);
    const { ytext } = this.#config;
    ytext.doc?.transact(() => applyTo(ytext, changes), this.#config);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#config.ytext.unobserve(this.#observer);
  }
}

function toChanges(delta: Y.YTextEvent['delta']): { from: number; to?: number; insert?: string }[] {
  const changes: { from: number; to?: number; insert?: string }[] = [];
  let position = 0;
  for (const step of delta) {
    if (typeof step.insert === 'string') changes.push({ from: position, insert: step.insert });
    else if (step.delete !== undefined) {
      changes.push({ from: position, to: position + step.delete });
      position += step.delete;
    } else position += step.retain ?? 0;
  }
  return changes;
}

function applyTo(ytext: Y.Text, changes: ChangeSet): void {
  let shift = 0;
  changes.iterChanges((fromA, toA, _fromB, _toB, insert) => {
    const text = insert.sliceString(0, insert.length, '\n');
    if (toA > fromA) ytext.delete(fromA + shift, toA - fromA);
    if (text !== '') ytext.insert(fromA + shift, text);
    shift += text.length - (toA - fromA);
  });
}

/** The extension: put it where y-codemirror.next's `ySync` stood. */
export const composingSync = ViewPlugin.fromClass(ComposingSync);
