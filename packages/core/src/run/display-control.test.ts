import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { standingBodies } from './display-control.ts';
import type { RunEventBody } from './run-event.ts';

type How = 'new' | 'update' | 'more';
const flags = (how: How) => (how === 'new' ? {} : { [how]: true });
const print = (text: string): RunEventBody => ({ kind: 'stdout', text });
const show = (text: string, how?: How, id = 'a'): RunEventBody => ({
  kind: 'display',
  data: { 'text/plain': text },
  ...(how && { metadata: { display_id: id, ...flags(how) } }),
});
const image = (assetId: string, how: How): RunEventBody => ({
  kind: 'asset',
  assetId,
  mimeType: 'image/png',
  size: 1,
  displayId: 'a',
  ...flags(how),
});
const clear = (wait: boolean): RunEventBody => ({ kind: 'display', data: {}, metadata: { clear_output: true, wait } });
const standing = (...bodies: RunEventBody[]): string[] =>
  standingBodies(bodies).map((body) => {
    if (body.kind === 'stdout' || body.kind === 'note') return body.text;
    if (body.kind === 'asset') return body.assetId;
    return body.kind === 'display' ? String(body.data['text/plain']) : body.kind;
  });

describe('what of an output still stands (RU20)', () => {
  it('RU20: a clearing takes away what was put out, at once or when the next output comes', () => {
    expect(standing(print('a'), show('b'), clear(false), print('c'))).toEqual(['c']);
    expect(standing(print('a'), clear(true))).toEqual(['a']);
    expect(
      standing(print('a'), clear(true), { kind: 'result', executionCount: 1 }, { kind: 'ended', outcome: 'completed', durationMs: 1 }),
    ).toEqual(['a', 'result', 'ended']);
    expect(standing(print('a'), clear(true), clear(true), print('b'), print('c'))).toEqual(['b', 'c']);
    expect(standing(print('a'), clear(true), clear(false), print('b'), show('c'))).toEqual(['b', 'c']);
  });

  it('RU20: a clearing leaves what is no output, and takes answered questions', () => {
    const asked: RunEventBody = { kind: 'stdin_request', prompt: '? ', password: false, execId: 'x' };
    expect(standing({ kind: 'note', text: 'waited' }, asked, { kind: 'stdin_answered' }, clear(false), print('b'))).toEqual([
      'waited',
      'b',
    ]);
  });

  it('RU20: an update stands where its display stood, in all its places and with all its parts', () => {
    expect(standing(show('1', 'new'), print('x'), show('2', 'update'), print('y'))).toEqual(['2', 'x', 'y']);
    expect(standing(show('1', 'new'), print('x'), show('1', 'new'), show('2', 'update'))).toEqual(['2', 'x', '2']);
    const parts = [image('png', 'update'), show('html', 'more')];
    expect(standing(image('old', 'new'), show('old html', 'more'), print('x'), ...parts)).toEqual(['png', 'html', 'x']);
    expect(standing(show('1', 'new'), show('2', 'new'), ...parts)).toEqual(['png', 'html', 'png', 'html']);
    expect(standing(show('1', 'new'), image('2', 'new'), show('2 html', 'more'))).toEqual(['1', '2', '2 html']);
  });

  it('RU20: an update of what is not there stands where it comes, and can be updated itself', () => {
    expect(standing(print('x'), show('1', 'update'), show('other', 'update', 'b'), show('2', 'update'))).toEqual(['x', '2', 'other']);
    expect(standing(show('1', 'new'), clear(false), print('x'), show('2', 'update'))).toEqual(['x', '2']);
    expect(standing({ kind: 'display', data: { 'text/plain': '1' }, metadata: { update: true } }, show('2'))).toEqual(['1', '2']);
  });

  it('RU20 property: each place shows the newest of its name; nothing is lost that was not cleared or updated', () => {
    const event = fc.oneof(
      fc.nat(99).map((n) => print(`p${n}`)),
      fc
        .tuple(fc.nat(99), fc.constantFrom('a', 'b'), fc.constantFrom<How>('new', 'update'))
        .map(([n, id, how]) => show(`${id}${n}`, how, id)),
    );
    const nameOf = (body: RunEventBody) => (body.kind === 'display' ? body.metadata?.display_id : undefined);
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30, size: 'max' }), (bodies) => {
        const left = standingBodies(bodies);
        expect(left.filter(({ kind }) => kind === 'stdout')).toEqual(bodies.filter(({ kind }) => kind === 'stdout'));
        for (const id of ['a', 'b']) {
          const said = bodies.filter((body) => nameOf(body) === id);
          const shown = left.filter((body) => nameOf(body) === id);
          const updated = said.findLastIndex((body) => body.kind === 'display' && body.metadata?.update === true);
          const after = said.slice(updated + 1);
          expect(shown.slice(shown.length - after.length)).toEqual(after);
          for (const body of shown.slice(0, shown.length - after.length)) expect(body).toEqual(said[updated]);
        }
      }),
    );
  });
});
