import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endStream, readStreamEvent, startStream } from './normalise-stream.ts';
import { type MrpStreamEvent, STREAM_LOST } from './stream-event.ts';

const play = (wire: [string, unknown][]): MrpStreamEvent[] => {
  let state = startStream();
  const events: MrpStreamEvent[] = [];
  for (const [name, data] of wire) {
    const step = readStreamEvent(state, name, data);
    state = step.state;
    events.push(...step.events);
  }
  return [...events, ...endStream(state).events];
};
const names = (events: MrpStreamEvent[]): string[] => events.map((e) => e.event);
const text = (events: MrpStreamEvent[]): string => events.map((e) => (e.event === 'stdout' ? e.content : '')).join('');

describe('normalise an MRP stream (AG4)', () => {
  it('passes a plain stream through, in order, with one outcome and one done', () => {
    const events = play([
      ['start', { execId: 'a', timestamp: 1, seq: 1 }],
      ['stdout', { content: 'x', seq: 2 }],
      ['result', { success: true, result: null }],
      ['done', {}],
    ]);
    expect(names(events)).toEqual(['start', 'stdout', 'result', 'done']);
  });

  it('does not look at seq, which may restart', () => {
    expect(
      text(
        play([
          ['stdout', { content: 'a', seq: 1 }],
          ['stdout', { content: 'b', seq: 1 }],
          ['result', {}],
        ]),
      ),
    ).toBe('ab');
  });

  it('takes content when accumulated is beside it, and the new end when accumulated is alone', () => {
    expect(
      text(
        play([
          ['stdout', { content: 'a', accumulated: 'a' }],
          ['stdout', { content: 'b', accumulated: 'ab' }],
        ]),
      ),
    ).toBe('ab');
    expect(
      text(
        play([
          ['stdout', { accumulated: 'a' }],
          ['stdout', { accumulated: 'abc' }],
        ]),
      ),
    ).toBe('abc');
  });

  it('adds done to a stream that ends without it', () => {
    expect(names(play([['result', { success: true }]]))).toEqual(['result', 'done']);
  });

  it('calls a stream without an outcome lost', () => {
    const events = play([['stdout', { content: 'a' }]]);
    expect(events[1]).toMatchObject({ event: 'error', error: { type: STREAM_LOST } });
    expect(names(events)).toEqual(['stdout', 'error', 'done']);
  });

  it('takes displays and output out of a result that alone has them', () => {
    const events = play([['result', { stdout: 'hi', displayData: [{ data: { 'text/html': '<b>' } }], assets: [{ id: 'i' }] }]]);
    expect(names(events)).toEqual(['stdout', 'display', 'asset', 'result', 'done']);
  });

  it('AG4b: an asset that only has an address is known by the last part of it', () => {
    const assets = [{ path: '/tmp/a/plot 1.png', url: '/mrp/v1/assets/plot%201.png', mimeType: 'image/png', assetType: 'image', size: 3 }];
    const events = play([['result', { displayData: [{ asset: assets[0] }], assets }]]);
    expect(events[0]).toMatchObject({ event: 'asset', asset: { id: 'plot 1.png', mimeType: 'image/png', size: 3 } });
    expect(names(events)).toEqual(['asset', 'result', 'done']);
    expect(names(play([['result', { assets: [{ url: 'x/%zz' }, { path: 'nowhere' }, null], displayData: [null] }]]))).toEqual([
      'asset',
      'result',
      'done',
    ]);
  });

  it('shows the value of a result once', () => {
    expect(
      names(
        play([
          ['display', { data: { 'text/plain': '3' } }],
          ['result', { result: '3' }],
        ]),
      ),
    ).toEqual(['display', 'result', 'done']);
    expect(names(play([['result', { result: '3' }]]))).toEqual(['display', 'result', 'done']);
    const plot: [string, unknown] = ['display', { data: { 'text/plain': '<Figure>', 'image/png': 'x' } }];
    const value: [string, unknown] = ['display', { data: { 'text/plain': '[<Line2D>]' } }];
    expect(names(play([value, plot, ['result', { result: '[<Line2D>]' }]]))).toEqual(['display', 'display', 'result', 'done']);
  });

  it('turns a failed result into an error and ignores a second outcome', () => {
    const events = play([
      ['result', { success: false, error: { type: 'E', message: 'm' } }],
      ['error', { type: 'F', message: 'n' }],
    ]);
    expect(names(events)).toEqual(['error', 'done']);
    expect(events[0]).toMatchObject({ error: { type: 'E', message: 'm', traceback: [] } });
  });

  it('always ends with exactly one outcome and one done, whatever comes', () => {
    const name = fc.constantFrom(
      'start',
      'stdout',
      'stderr',
      'stdin_request',
      'display',
      'asset',
      'warning',
      'result',
      'error',
      'done',
      'odd',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.jsonValue())), (wire) => {
        const seen = names(play(wire as [string, unknown][]));
        expect(seen.filter((n) => n === 'result' || n === 'error')).toHaveLength(1);
        expect(seen.indexOf('done')).toBe(seen.length - 1);
      }),
    );
  });
});
