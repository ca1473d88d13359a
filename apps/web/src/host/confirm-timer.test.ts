import { describe, expect, it } from 'vitest';
import { createConfirmTimer } from './confirm-timer.ts';

describe('doc_sync_rtt_ms (WB9)', () => {
  it('WB9: measures edits made while connected, and only those', () => {
    let now = 0;
    const measured: number[] = [];
    const timer = createConfirmTimer(
      (ms) => measured.push(ms),
      () => now,
    );
    const at = (time: number, synced: boolean, unsaved: number) => {
      now = time;
      timer.saw(synced, unsaved);
    };
    at(0, false, 2);
    at(10, true, 2);
    at(20, true, 0);
    expect(measured).toEqual([]);
    at(30, true, 1);
    at(35, true, 2);
    at(42, true, 0);
    expect(measured).toEqual([12]);
    at(50, true, 1);
    at(60, false, 1);
    at(5_000, true, 1);
    at(5_010, true, 0);
    expect(measured).toEqual([12]);
  });
});
