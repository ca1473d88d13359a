import { describe, expect, it } from 'vitest';
import { fuzzFrames } from './fuzz-frames.ts';

const take = (seed: number, count: number): string[] => {
  const frames: string[] = [];
  for (const frame of fuzzFrames(seed)) {
    frames.push(typeof frame === 'string' ? `text ${frame}` : Buffer.from(frame).toString('hex'));
    if (frames.length === count) break;
  }
  return frames;
};

describe('fuzzFrames', () => {
  it('SY14: the same seed gives the same frames, another seed others', () => {
    const frames = take(1, 300);
    expect(take(1, 300)).toEqual(frames);
    expect(take(2, 300)).not.toEqual(frames);
    expect(new Set(frames).size).toBeGreaterThan(200);
  });
});
