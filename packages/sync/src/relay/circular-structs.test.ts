import { HostileUpdate } from '@markco/testing/hostile-update';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { ByteCursor } from './byte-cursor.ts';
import { checkUpdate } from './check-update.ts';
import { hasCircle } from './circular-structs.ts';
import { missingStructs } from './missing-structs.ts';

const NOTHING_KNOWN = () => 0;

describe('hasCircle', () => {
  it('SY14: is what Yjs says: structs of an update wait for each other exactly where there is a circle', () => {
    const need = fc.record({ client: fc.nat(3), clock: fc.nat(4) });
    const line = fc.array(fc.option(need), { minLength: 1, maxLength: 5 });
    let circles = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 2, maxLength: 4 }), (lines) => {
        const update = updateOf(lines);
        fc.pre(missingStructs(checkUpdate(new ByteCursor(update)), NOTHING_KNOWN).size === 0);
        const doc = new Y.Doc();
        Y.applyUpdate(doc, update);
        if (doc.store.pendingStructs) circles++;
        expect(hasCircle(update, NOTHING_KNOWN)).toBe(doc.store.pendingStructs !== null);
      }),
      { numRuns: Number(process.env.MARKCO_TEST_RUNS ?? 1) * 500 },
    );
    expect(circles).toBeGreaterThan(0);
  });

  it('SY14: people who wrote in turns made none, whatever is known already', () => {
    const [a, b] = [new Y.Doc(), new Y.Doc()];
    for (let turn = 0; turn < 20; turn++) {
      const [from, to] = turn % 2 === 0 ? [a, b] : [b, a];
      from.getText('content').insert(turn, 'x');
      Y.applyUpdate(to, Y.encodeStateAsUpdate(from));
    }
    const update = Y.encodeStateAsUpdate(a);
    for (const known of [0, 3, 10]) expect(hasCircle(update, () => known)).toBe(false);
  });
});

/** Letters of clients 1, 2 and so on, each in the root or right of another letter. */
function updateOf(lines: readonly ({ client: number; clock: number } | null)[][]): Uint8Array {
  const update = new HostileUpdate().uint(lines.length);
  lines.forEach((line, client) => {
    update.uint(line.length, client + 1, 0);
    line.forEach((need, clock) => {
      // On itself it may only follow what it wrote before.
      if (!need || (need.client === client && need.clock >= clock)) update.uint(4, 1).text('content').text('x');
      else
        update
          .raw([0x84])
          .uint(need.client + 1, need.clock)
          .text('x');
    });
  });
  return update.uint(0).done();
}
