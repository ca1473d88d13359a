import * as Y from 'yjs';
import { PROSE, spanIn, spotIn, type TextChange, timesIn, tokenAt, tokensIn } from './test-prose.ts';

/** An edit as a test draws it; what it is exactly hangs on the text it meets. */
export interface DrawnEdit {
  readonly kind: 'insert' | 'delete' | 'replace';
  /** Where, as a share of the text. */
  readonly share: number;
  readonly length: number;
  /** What is typed before and after the token: places in {@link PROSE}. */
  readonly prose: readonly [number, number];
}

/** For tests: what was typed and deleted, by whomever, in one document. */
export class Books {
  /** Everything that was edited through Yjs, without a relay, store or file in between. */
  readonly model = new Y.Doc();
  /** Edits of the file by other programs: they come back as text, so that the model does not know them. */
  outside = 0;
  /** How many of them took something out. */
  outsideRemovals = 0;
  readonly #deleted = new Map<string, boolean>();

  begin(start: Uint8Array): void {
    Y.applyUpdate(this.model, start);
  }

  /** Makes an edit exact for the text it is made in, and notes it. */
  draw(text: string, { kind, share, length, prose }: DrawnEdit): TextChange {
    const span = kind === 'insert' || text === '' ? { at: spotIn(text, share), remove: 0 } : spanIn(text, share, length);
    for (const token of tokensIn(text.slice(span.at, span.at + span.remove))) this.#deleted.set(token, true);
    if (kind === 'delete') return { ...span, insert: '' };
    const token = tokenAt(this.#deleted.size);
    this.#deleted.set(token, false);
    return { ...span, insert: `${PROSE[prose[0]]}[${token}]${PROSE[prose[1]]}` };
  }

  /**
   * Everything wrong with the text that all copies ended with. Where a program edited a line that a client deleted, the line may stay
   * (a merge of texts loses nothing). Where one took out most of what had just come into its file, it may be taken for a program that had not
   * seen it, and what it left of that may be there twice. Without such edits the text is exactly the model's.
   */
  faults(text: string): string[] {
    const faults: string[] = [];
    for (const [token, deleted] of this.#deleted) {
      const times = timesIn(text, token);
      if (times > 1 && this.outsideRemovals === 0) faults.push(`${token} is there ${times} times`);
      if (times === 0 && !deleted) faults.push(`${token} is lost`);
    }
    const model = this.model.getText('content').toString();
    if (this.outside === 0 && text !== model) faults.push(`the text is not what the edits make: ${JSON.stringify(model)}`);
    return faults;
  }
}
