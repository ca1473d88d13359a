import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { restoreText } from './restore-text.ts';

const docOf = (text: string): Y.Doc => {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return doc;
};
const textOf = (doc: Y.Doc): string => doc.getText('content').toString();
const copyOf = (doc: Y.Doc): Y.Doc => {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
};

describe('restoreText', () => {
  it('SY8: any text comes back from any other, everywhere', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (now, wanted) => {
        const doc = docOf(now);
        const other = copyOf(doc);
        const updates: Uint8Array[] = [];
        doc.on('update', (update: Uint8Array) => updates.push(update));
        const was = textOf(doc);
        expect(restoreText(doc, Y.encodeStateAsUpdate(doc), textOf(docOf(wanted)))).toBe(was !== textOf(docOf(wanted)));
        for (const update of updates) Y.applyUpdate(other, update);
        expect([textOf(doc), textOf(other)]).toEqual([textOf(docOf(wanted)), textOf(docOf(wanted))]);
      }),
    );
  });

  it('SY8: what arrives at the same moment stays, wherever it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (now, wanted, at) => {
        const doc = docOf(now);
        const state = Y.encodeStateAsUpdate(doc);
        doc.getText('content').insert(at % (now.length + 1), '«typed meanwhile»');
        restoreText(doc, state, wanted);
        expect(textOf(doc)).toContain('«typed meanwhile»');
        expect(textOf(doc).replace('«typed meanwhile»', '')).toBe(wanted);
      }),
    );
  });

  it('SY8: another person takes back their own edit, not the restore, and a cursor outside the change stays', () => {
    const doc = docOf('# Title\n\nold end\n');
    const mine = copyOf(doc);
    const undo = new Y.UndoManager(mine.getText('content'));
    mine.getText('content').insert(0, 'mine ');
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(mine));
    const cursor = Y.createRelativePositionFromTypeIndex(mine.getText('content'), 8);
    restoreText(doc, Y.encodeStateAsUpdate(doc), 'mine # Title\n\nnew end\n');
    Y.applyUpdate(mine, Y.encodeStateAsUpdate(doc), 'relay');
    expect(Y.createAbsolutePositionFromRelativePosition(cursor, mine)?.index).toBe(8);
    undo.undo();
    expect(textOf(mine)).toBe('# Title\n\nnew end\n');
  });
});
