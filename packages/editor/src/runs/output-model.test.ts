import type { RunEvent, RunEventBody } from '@markco/core/run/run-event';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyOutput, MAX_BLOCKS, reduceOutput } from './output-model.ts';

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

  it('WB6: how events are batched does not matter', () => {
    const body: fc.Arbitrary<RunEventBody> = fc.oneof(
      fc.record({ kind: fc.constant('stdout' as const), text: fc.constantFrom('a', 'b\n', 'c') }),
      fc.record({ kind: fc.constant('stderr' as const), text: fc.constantFrom('x', '\n') }),
      fc.constant<RunEventBody>({ kind: 'display', data: { 'text/plain': '1' } }),
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
