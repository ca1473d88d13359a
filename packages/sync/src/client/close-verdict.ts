import { CLOSE } from '@markco/core/sync/close-code';

/**
 * What a close code means for the client (SY2). `retry`: with back-off; `new_ticket`: the same with a ticket of its own; `replaced`: another
 * history (SY7); `gone` and `refused`: the same would happen again, so the person is told and nothing is tried.
 */
export type CloseVerdict = 'retry' | 'new_ticket' | 'replaced' | 'gone' | 'refused';

/** `synced`: the connection got as far as the document. Before that a refusal at the upgrade looks like any failure: a new ticket tells what is wrong. */
export function closeVerdict(code: number, synced: boolean): CloseVerdict {
  switch (code) {
    case CLOSE.historyDiffers:
      return 'replaced';
    case CLOSE.gone:
      return 'gone';
    case CLOSE.forbidden:
    case CLOSE.tooLarge:
    case CLOSE.badFrame:
      return 'refused';
    case CLOSE.unauthenticated:
      return 'new_ticket';
    default:
      return synced ? 'retry' : 'new_ticket';
  }
}

/** What is said where the server gave no reason. */
export const REFUSED_WORDS: Partial<Record<number, string>> = {
  [CLOSE.gone]: 'The document was deleted.',
  [CLOSE.forbidden]: 'You may not edit this document any more.',
  [CLOSE.tooLarge]: 'The document is too large.',
  [CLOSE.badFrame]: 'The server could not read an edit. Reload the page.',
};
