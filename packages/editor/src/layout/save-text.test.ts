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
    expect(say({ unsaved: 3, connection: 'offline' })).toBe('Offline · 3 edits kept on this device');
  });
  it('warns where nothing is kept', () =>
    expect(say({ unsaved: 2, connection: 'offline', keptLocally: false })).toBe('2 edits only in this tab: keep it open'));
  it('gives the reason of a refusal', () =>
    expect(say({ connection: 'refused', problem: 'You may only read this document.' })).toBe('You may only read this document.'));
});
