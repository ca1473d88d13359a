import { describe, expect, it } from 'vitest';
import { standingBodies } from './display-control.ts';
import type { RunEventBody } from './run-event.ts';

const out = (text: string): RunEventBody => ({ kind: 'stdout', text });
const clear = (wait: boolean): RunEventBody => ({ kind: 'display', data: {}, metadata: { clear_output: true, wait } });
const shown = (text: string, metadata: Record<string, unknown>): RunEventBody => ({
  kind: 'display',
  data: { 'text/plain': text },
  metadata,
});

describe('what of an output still stands', () => {
  it('WB6: a clearing takes what is there away, at once or when something comes', () => {
    expect(standingBodies([out('a'), clear(false)])).toEqual([]);
    expect(standingBodies([out('a'), clear(true)])).toEqual([out('a')]);
    expect(standingBodies([out('a'), clear(true), out('b')])).toEqual([out('b')]);
    expect(standingBodies([out('a'), clear(true), { kind: 'result', executionCount: 1 }])).toHaveLength(2);
  });

  it('WB6: a cleared output leaves what is no output', () => {
    const note: RunEventBody = { kind: 'note', text: 'waited for files' };
    expect(standingBodies([note, out('a'), clear(false), out('b')])).toEqual([note, out('b')]);
  });

  it('WB6: an update stands where the first one stood; without a first one it is added', () => {
    const first = shown('0 %', { display_id: 'x' });
    const next = shown('9 %', { display_id: 'x', update: true });
    expect(standingBodies([first, out('a'), next])).toEqual([next, out('a')]);
    expect(standingBodies([out('a'), next])).toEqual([out('a'), next]);
    const image: RunEventBody = { kind: 'asset', assetId: 'i', mimeType: 'image/png', size: 1, displayId: 'x', update: true };
    expect(standingBodies([first, image])).toEqual([image]);
  });
});
