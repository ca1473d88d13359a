import type { RunEventBody } from '@markco/core/run/run-event';
import { describe, expect, it } from 'vitest';
import { KeptAssets } from './kept-assets.ts';
import { RunLog } from './run-log.ts';

function filled(bodies: Iterable<RunEventBody>): RunLog {
  const log = new RunLog();
  let seq = 0;
  for (const body of bodies) log.add({ seq: ++seq, at: seq, body });
  return log;
}
const chunk = 'x'.repeat(64 * 1024);
const flood = (count: number): RunEventBody[] => Array.from({ length: count }, () => ({ kind: 'stdout', text: chunk }));

describe('RU18 the log of a local run', () => {
  it('RU18 keeps a short log as it is', () => {
    const log = filled(flood(10));
    expect(log.after(7).map(({ seq }) => seq)).toEqual([8, 9, 10]);
    expect(log.lastSeq).toBe(10);
  });

  it('RU18 hides the middle of a flood behind one note that says how much', () => {
    const log = filled([
      ...flood(400),
      { kind: 'error', name: 'E', message: '', traceback: [] },
      { kind: 'ended', outcome: 'failed', durationMs: 1 },
    ]);
    const events = log.after(0);
    const notes = events.flatMap(({ body }) => (body.kind === 'note' ? [body] : []));
    expect(JSON.stringify(events).length).toBeLessThan(10.5 * 1024 * 1024);
    expect(notes).toHaveLength(1);
    const kept = events.filter(({ body }) => body.kind === 'stdout').length;
    expect(notes[0]!.hiddenBytes).toBeGreaterThan((400 - kept) * chunk.length);
    expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => a - b));
    expect(events.slice(-2).map(({ body }) => body.kind)).toEqual(['error', 'ended']);
    expect(events[0]!.seq).toBe(1);
  });

  it('RU18 never hides an error that stands in the middle', () => {
    const log = filled([...flood(100), { kind: 'error', name: 'Middle', message: '', traceback: [] }, ...flood(300)]);
    expect(log.after(0).some(({ body }) => body.kind === 'error' && body.name === 'Middle')).toBe(true);
  });
});

describe('RU19 assets in memory', () => {
  it('RU19 lets the oldest go when there is no room', () => {
    const assets = new KeptAssets(10);
    const of = (size: number) => ({ bytes: Buffer.alloc(size), mimeType: 'text/html' });
    assets.keep('a', of(6));
    assets.keep('a', of(6));
    assets.keep('b', of(3));
    expect(assets.get('a')).not.toBeNull();
    assets.keep('c', of(4));
    expect([assets.get('a'), assets.get('b')?.bytes.length, assets.get('c')?.bytes.length]).toEqual([null, 3, 4]);
  });
});
