import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNodeFrame, encodeNodeFrame, type NodeFrame } from './node-frame.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const origin = { node: fc.stringMatching(/^[0-9a-f]{16}$/), epoch: fc.string({ unit: 'grapheme' }) };
const version = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const updates = fc
  .record({ ...origin, kind: fc.constant('updates' as const), version, updates: fc.array(bytes, { maxLength: 20 }) })
  .filter((frame) => frame.version >= frame.updates.length);
const frame: fc.Arbitrary<NodeFrame> = fc.oneof(
  updates,
  fc.record({ ...origin, kind: fc.constantFrom('head' as const, 'saved' as const), version }),
  fc.record({ ...origin, kind: fc.constant('awareness' as const), userId: fc.string({ unit: 'grapheme' }), payload: bytes }),
  fc.record({ ...origin, kind: fc.constantFrom('who' as const, 'hello' as const, 'bye' as const) }),
);

describe('node frames (SY18)', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(frame, (sent) => {
        expect(decodeNodeFrame(encodeNodeFrame(sent))).toEqual(sent);
      }),
    );
  });

  it('are null where anything is missing or added, and whatever else the bytes are', () => {
    fc.assert(
      fc.property(frame, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bytes, (sent, share, other) => {
        const whole = encodeNodeFrame(sent);
        expect(decodeNodeFrame(whole.subarray(0, Math.floor(whole.length * share)))).toBeNull();
        expect(decodeNodeFrame(Uint8Array.from([...whole, 0]))).toBeNull();
        expect(() => decodeNodeFrame(other)).not.toThrow();
        expect(decodeNodeFrame(Uint8Array.from([2, ...whole.subarray(1)]))).toBeNull();
      }),
    );
  });
});
