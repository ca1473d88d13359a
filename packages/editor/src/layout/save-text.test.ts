import { describe, expect, it } from 'vitest';
import type { SaveState } from '../host.tsx';
import { SAVING_MS, saveText } from './save-text.ts';

const say = (change: Partial<SaveState>, waitingMs = 0) =>
  saveText({ connection: 'connected', synced: true, unsaved: 0, keptLocally: true, ...change }, waitingMs, 'phone').text;

describe('save state', () => {
  it('SY5, WB3: "Saved" only when connected, synced and nothing is unsaved', () => {
    expect(say({})).toBe('Saved');
    for (const connection of ['connecting', 'connected', 'offline', 'refused'] as const) {
      for (const synced of [true, false]) {
        for (const unsaved of [0, 3]) {
          const all = connection === 'connected' && synced && unsaved === 0;
          expect(say({ connection, synced, unsaved }) === 'Saved').toBe(all);
        }
      }
    }
  });
  it('WB3: counts the edits that only this phone has', () => {
    expect(say({ unsaved: 3 })).toBe('Saving…');
    expect(say({ unsaved: 3 }, SAVING_MS + 1)).toBe('3 edits only on this phone');
    expect(say({ unsaved: 1, connection: 'connecting' })).toBe('1 edit only on this phone');
    expect(say({ unsaved: 3, connection: 'offline' })).toBe('Offline, 3 edits only on this phone');
  });
  it('warns where nothing is kept', () =>
    expect(say({ unsaved: 2, connection: 'offline', keptLocally: false })).toBe('Offline, 2 edits only in this tab: keep it open'));
  it('SY2: gives the reason of a refusal, and what it means for the edits', () => {
    const problem = 'You may only read this document.';
    expect(say({ connection: 'refused', problem })).toBe(problem);
    const both = `Can't save: ${problem} 3 edits only on this phone`;
    expect(say({ connection: 'refused', problem, unsaved: 3 })).toBe(both);
    expect(say({ connection: 'connected', problem, unsaved: 3 })).toBe(both);
    expect(say({ connection: 'refused', problem, unsaved: 1, keptLocally: false })).toContain('1 edit only in this tab: keep it open');
  });
  it('SY5: an unsaved edit is told in every state, and only "Saving…" without a count', () => {
    for (const connection of ['connecting', 'connected', 'offline', 'refused'] as const) {
      for (const keptLocally of [true, false]) {
        for (const waitingMs of [0, SAVING_MS + 1]) {
          for (const problem of [undefined, 'It was refused.']) {
            const text = say({ connection, keptLocally, unsaved: 7, ...(problem && { problem }) }, waitingMs);
            expect(text === 'Saving…' || text.includes('7 edits only')).toBe(true);
          }
        }
      }
    }
  });
});
