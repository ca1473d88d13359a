import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Measure, Measures } from './measures.ts';

function setup() {
  const sent: Measure[][] = [];
  let leave = () => {};
  const stop = vi.fn();
  const measures = new Measures({
    send: (batch) => {
      sent.push([...batch]);
      return true;
    },
    onLeaving: (listener) => {
      leave = listener;
      return stop;
    },
  });
  return { measures, sent, leave: () => leave(), stop };
}
const rtt = (ms: number): Measure => ({ name: 'doc_sync_rtt_ms', ms });

describe('Measures (WB9)', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('WB9: reports in batches, and what is left when the page goes', () => {
    const { measures, sent, leave } = setup();
    measures.add(rtt(1.234));
    measures.add({ name: 'doc_open_ttfc_ms', ms: 20, cache: 'warm' });
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(15_000);
    expect(sent).toEqual([[rtt(1.2), { name: 'doc_open_ttfc_ms', ms: 20, cache: 'warm' }]]);
    measures.add(rtt(2));
    leave();
    leave();
    expect(sent).toHaveLength(2);
  });

  it('WB9: is bounded, and leaves out what no clock can mean', () => {
    const { measures, sent } = setup();
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 600_001]) measures.add(rtt(ms));
    measures.flush();
    expect(sent).toEqual([]);
    for (let i = 0; i < 500; i++) measures.add(rtt(i));
    vi.advanceTimersByTime(60_000);
    expect(sent.map((batch) => batch.length)).toEqual([50]);
  });

  it('reports the rest at the end, and stops', () => {
    const { measures, sent, stop } = setup();
    measures.add(rtt(3));
    measures.close();
    expect(sent).toHaveLength(1);
    expect(stop).toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
