// @vitest-environment happy-dom
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { YSyncConfig, ySyncFacet } from 'y-codemirror.next';
import * as Y from 'yjs';
import { composingSync } from './y-sync-composing.ts';

let views: EditorView[] = [];
afterEach(() => {
  for (const view of views) view.destroy();
  views = [];
  vi.useRealTimers();
});

function setup(text: string) {
  vi.useFakeTimers();
  const doc = new Y.Doc();
  const ytext = doc.getText('content');
  ytext.insert(0, text);
  const view = new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [EditorState.lineSeparator.of('\n'), ySyncFacet.of(new YSyncConfig(ytext, null as never)), composingSync],
    }),
  });
  let composing = false;
  Object.defineProperty(view, 'composing', { get: () => composing });
  views.push(view);
  return { doc, ytext, view, compose: (on: boolean) => (composing = on), settle: () => vi.advanceTimersByTime(500) };
}

describe('binding to the Y.Text', () => {
  it('carries edits both ways', () => {
    const { doc, ytext, view } = setup('abc');
    view.dispatch({ changes: { from: 1, insert: 'X' } });
    expect(ytext.toString()).toBe('aXbc');
    doc.transact(() => ytext.insert(0, 'R'), 'remote');
    expect(view.state.doc.toString()).toBe('RaXbc');
  });

  it('WB5: remote changes wait while an input method composes, what is typed does not', () => {
    const { doc, ytext, view, compose, settle } = setup('hello world');
    compose(true);
    doc.transact(() => ytext.insert(0, 'REMOTE '), 'remote');
    expect(view.state.doc.toString()).toBe('hello world');
    view.dispatch({ changes: { from: 5, insert: 'に' } });
    expect(ytext.toString()).toBe('REMOTE helloに world');
    expect(view.state.doc.toString()).toBe('helloに world');
    compose(false);
    settle();
    expect(view.state.doc.toString()).toBe('REMOTE helloに world');
  });

  it('keeps carriage returns as characters, so that offsets agree', () => {
    const { ytext, view } = setup('a\r\nb');
    view.dispatch({ changes: { from: 3, insert: 'X' } });
    expect(ytext.toString()).toBe('a\r\nXb');
  });

  it('WB5: editor and Y.Text end up equal, whatever was typed and received while composing', () => {
    const step = fc.record({
      kind: fc.constantFrom('local', 'remote', 'begin', 'end'),
      at: fc.nat(40),
      remove: fc.nat(4),
      insert: fc.constantFrom('', 'x', 'yz', '\n', 'ü'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { doc, ytext, view, compose, settle } = setup('The quick brown fox');
        for (const { kind, at, remove, insert } of steps) {
          if (kind === 'begin' || kind === 'end') {
            compose(kind === 'begin');
            settle();
            continue;
          }
          const length = kind === 'local' ? view.state.doc.length : ytext.length;
          const from = Math.min(at, length);
          const to = Math.min(from + remove, length);
          if (kind === 'local') view.dispatch({ changes: { from, to, insert } });
          else
            doc.transact(() => {
              ytext.delete(from, to - from);
              ytext.insert(from, insert);
            }, 'remote');
        }
        compose(false);
        settle();
        expect(view.state.doc.toString()).toBe(ytext.toString());
      }),
      { numRuns: 70 },
    );
  });
});
