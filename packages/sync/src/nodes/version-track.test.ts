import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VersionTrack } from './version-track.ts';

/** Batches that follow each other, from version 0. */
const batches = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 }).map((sizes) => {
  let at = 0;
  return sizes.map((size) => {
    at += size;
    return { from: at - size, to: at };
  });
});
const shuffled = batches.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all)));

describe('VersionTrack (SY18)', () => {
  it('reaches up to the first hole, whatever the order, and is behind exactly where there is one', () => {
    fc.assert(
      fc.property(shuffled, ([all, came]) => {
        const track = new VersionTrack(0);
        for (const { from, to } of came) expect(track.add(from, to)).toBe(true);
        for (const { from, to } of came) expect(track.add(from, to)).toBe(false);
        const hole = all.findIndex((batch) => !came.includes(batch));
        const upTo = hole < 0 ? all.at(-1)!.to : all[hole]!.from;
        expect(track.upTo).toBe(upTo);
        expect(track.behind).toBe(came.some(({ to }) => to > upTo));
      }),
    );
  });

  it('a read fills every hole before it, and nothing after it', () => {
    fc.assert(
      fc.property(shuffled, fc.nat(), ([all, came], pick) => {
        const track = new VersionTrack(0);
        for (const { from, to } of came) track.add(from, to);
        const read = all[pick % all.length]!.to;
        track.reach(read);
        const here = (batch: { to: number }) => batch.to <= read || came.some(({ to }) => to === batch.to);
        const hole = all.findIndex((batch) => !here(batch));
        expect(track.upTo).toBe(hole < 0 ? all.at(-1)!.to : all[hole]!.from);
      }),
    );
  });

  it('a head tells that something is missing, and what comes for it that it is not', () => {
    const track = new VersionTrack(7);
    track.see(9);
    expect(track.behind).toBe(true);
    expect(track.add(8, 9)).toBe(true);
    expect(track.upTo).toBe(7);
    expect(track.add(7, 8)).toBe(true);
    expect([track.upTo, track.behind]).toEqual([9, false]);
    expect(track.add(3, 8)).toBe(false);
  });
});
