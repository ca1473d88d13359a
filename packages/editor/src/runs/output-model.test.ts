import type { RunEvent, RunEventBody } from '@markco/core/run/run-event';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyOutput, MAX_BLOCKS, reduceOutput, reduceWatched } from './output-model.ts';

const events = (...bodies: RunEventBody[]): RunEvent[] => bodies.map((body, i) => ({ seq: i + 1, at: i, body }));

describe('output model', () => {
  it('joins neighbouring pieces of one stream and keeps the order of others', () => {
    const model = reduceOutput(
      emptyOutput(),
      events({ kind: 'stdout', text: 'a' }, { kind: 'stdout', text: 'b\n' }, { kind: 'stderr', text: 'w' }, { kind: 'stdout', text: 'c' }),
    );
    expect(model.blocks.map((block) => (block.kind === 'stream' ? [block.name, block.text.lines.join('\n')] : null))).toEqual([
      ['stdout', 'ab\n'],
      ['stderr', 'w'],
      ['stdout', 'c'],
    ]);
    expect(model.lastSeq).toBe(4);
  });

  it('RU17: events it has seen are dropped', () => {
    const list = events({ kind: 'stdout', text: 'a' }, { kind: 'stdout', text: 'b' });
    const once = reduceOutput(emptyOutput(), list);
    expect(reduceOutput(once, list)).toEqual(once);
  });

  it('RU17: lines that an abridged watch left out are counted above what follows', () => {
    const printed = (seq: number, text: string, skippedLines?: number) => ({
      ...{ type: 'event' as const, event: { seq, at: 0, body: { kind: 'stdout' as const, text } } },
      ...(skippedLines !== undefined && { skippedLines }),
    });
    const shown = reduceWatched(emptyOutput(), [printed(1, 'a\nb\n'), printed(2, 'c'), printed(9, 'x\n', 10), printed(10, 'y\n')]);
    expect(shown.blocks).toMatchObject([{ kind: 'stream', id: 1, text: { lines: ['x', 'y', ''], dropped: 12 } }]);
    expect(shown.lastSeq).toBe(10);
    expect(reduceWatched(shown, [printed(9, 'x\n', 10)])).toEqual(shown);
    expect(reduceWatched(emptyOutput(), [printed(7, 'z', 3)]).blocks).toMatchObject([{ id: 7, text: { lines: ['z'], dropped: 3 } }]);
  });

  it('RU14: a request for input stands until it is answered or the run ends', () => {
    const asked = reduceOutput(emptyOutput(), events({ kind: 'stdin_request', prompt: 'Name? ', password: false, execId: 'e' }));
    expect(asked.awaiting?.prompt).toBe('Name? ');
    const answered = reduceOutput(asked, [{ seq: 2, at: 0, body: { kind: 'stdin_answered', by: 'Phone', shown: 'Ada' } }]);
    expect(answered.awaiting).toBeNull();
    expect(answered.blocks).toEqual([{ kind: 'answered', id: 2, prompt: 'Name? ', by: 'Phone', shown: 'Ada' }]);
    const ended = reduceOutput(asked, [{ seq: 2, at: 0, body: { kind: 'ended', outcome: 'interrupted', durationMs: 1 } }]);
    expect(ended.awaiting).toBeNull();
  });

  it('an empty result draws nothing, one with data does', () => {
    const model = reduceOutput(emptyOutput(), events({ kind: 'result', data: {} }, { kind: 'result', data: { 'text/plain': '4' } }));
    expect(model.blocks).toHaveLength(1);
  });

  it('bounds how much is drawn, but never hides the error', () => {
    const many = Array.from({ length: MAX_BLOCKS + 5 }, (): RunEventBody => ({ kind: 'display', data: { 'text/plain': 'x' } }));
    const model = reduceOutput(emptyOutput(), events(...many, { kind: 'error', name: 'E', message: '', traceback: [] }));
    expect(model.limited).toBe(5);
    expect(model.blocks.at(-1)?.kind).toBe('error');
  });

  it('WB6: a cleared output goes, at once or when the next one comes; an updated one stays in its place', () => {
    const clear = (wait: boolean): RunEventBody => ({ kind: 'display', data: {}, metadata: { clear_output: true, wait } });
    const named = (text: string, update: boolean): RunEventBody => {
      return { kind: 'display', data: { 'text/plain': text }, metadata: { display_id: 'bar', ...(update && { update }) } };
    };
    const shown = (...bodies: RunEventBody[]) => reduceOutput(emptyOutput(), events(...bodies)).blocks;
    expect(shown({ kind: 'stdout', text: 'a' }, clear(false))).toEqual([]);
    expect(shown({ kind: 'stdout', text: 'a' }, clear(true))).toHaveLength(1);
    expect(shown({ kind: 'stdout', text: 'a' }, clear(true), named('1', false))).toMatchObject([{ kind: 'display', id: 3 }]);
    expect(shown(named('1', false), { kind: 'stdout', text: 'a' }, named('2', true))).toMatchObject([
      { kind: 'display', id: 1, data: { 'text/plain': '2' } },
      { kind: 'stream' },
    ]);
  });

  it('RU19: another form of an image takes its place where it says more, and is left out where it does not', () => {
    const image: RunEventBody = { kind: 'asset', assetId: 'i', mimeType: 'image/png', size: 1 };
    const other = (data: Record<string, unknown>): RunEventBody => ({ kind: 'display', data, metadata: { alternativeOf: 'i' } });
    const kinds = (...bodies: RunEventBody[]) => reduceOutput(emptyOutput(), events(...bodies)).blocks.map((block) => block.kind);
    expect(kinds(image, other({ 'text/html': '<b>x</b>' }))).toEqual(['display']);
    expect(kinds(image, other({ 'application/json': {} }))).toEqual(['asset']);
  });

  it('WB6: how events are batched does not matter', () => {
    const body: fc.Arbitrary<RunEventBody> = fc.oneof(
      fc.record({ kind: fc.constant('stdout' as const), text: fc.constantFrom('a', 'b\n', 'c') }),
      fc.record({ kind: fc.constant('stderr' as const), text: fc.constantFrom('x', '\n') }),
      fc.constant<RunEventBody>({ kind: 'display', data: { 'text/plain': '1' } }),
      fc.constant<RunEventBody>({ kind: 'display', data: { 'text/plain': '2' }, metadata: { display_id: 'd', update: true } }),
      fc.boolean().map((wait): RunEventBody => ({ kind: 'display', data: {}, metadata: { clear_output: true, wait } })),
    );
    fc.assert(
      fc.property(fc.array(body, { maxLength: 30 }), fc.array(fc.nat(30), { maxLength: 5 }), (bodies, cuts) => {
        const all = events(...bodies);
        const bounds = [0, ...cuts.filter((cut) => cut <= all.length).sort((a, b) => a - b), all.length];
        const stepwise = bounds.slice(1).reduce((model, to, i) => reduceOutput(model, all.slice(bounds[i], to)), emptyOutput());
        expect(stepwise).toEqual(reduceOutput(emptyOutput(), all));
      }),
    );
  });
});
