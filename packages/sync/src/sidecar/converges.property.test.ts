import type { SyncMode } from '@markco/core/flags';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import { MODES } from '../store/mode/test-world.ts';
import { PrismaStore } from '../store/prisma-store.ts';
import type { DrawnEdit } from './test-books.ts';
import { Life } from './test-life.ts';
import { PROSE } from './test-prose.ts';

/** MARKCO_TEST_RUNS multiplies the runs; MARKCO_TEST_SEED draws the same steps again. */
const RUNS = 8 * Number(process.env.MARKCO_TEST_RUNS ?? 1);
const SEED = process.env.MARKCO_TEST_SEED;

const who = fc.nat({ max: 2 });
const mode: fc.Arbitrary<SyncMode> = fc.constantFrom(...MODES);
const edit: fc.Arbitrary<DrawnEdit> = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'insert', 'delete', 'replace'),
  share: fc.nat({ max: 100 }).map((percent) => percent / 100),
  length: fc.integer({ min: 1, max: 30 }),
  prose: fc.tuple(fc.nat({ max: PROSE.length - 1 }), fc.nat({ max: PROSE.length - 1 })),
});

const step = fc.oneof(
  { weight: 16, arbitrary: fc.record({ do: fc.constant('edit' as const), who, edit }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('turns' as const), turns: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait saved' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('offline' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('online' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('break' as const), who, how: fc.constantFrom('relay', 'frame') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reload' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('edit file' as const), edit, atomic: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), mode: fc.option(mode, { nil: undefined }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('kill' as const), landed: fc.boolean(), mode: fc.option(mode, { nil: undefined }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flip' as const), mode }) },
  { weight: 2, arbitrary: fc.constant({ do: 'compact' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'unload' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'hold' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'release' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One step; the next comes at once, whatever this one set going. */
async function take(life: Life, action: Step): Promise<void> {
  if ('who' in action) return takeAs(life, action);
  if (action.do === 'turns') for (let i = 0; i < action.turns; i++) await new Promise(setImmediate);
  else if (action.do === 'edit file') life.editFile(action.edit, action.atomic);
  else if (action.do === 'restart') await life.restart(action.mode);
  else if (action.do === 'kill') await life.crash(action.landed, action.mode);
  else if (action.do === 'flip') life.flip(action.mode);
  else if (action.do === 'compact') await life.compact();
  else if (action.do === 'unload') await life.unload();
  else if (action.do === 'hold') life.hold();
  else life.release();
}

async function takeAs(life: Life, action: Step & { who: number }): Promise<void> {
  const writer = life.writers[action.who]!;
  if (action.do === 'edit') writer.edit(action.edit);
  else if (action.do === 'wait saved') await life.waitSaved(writer);
  else if (action.do === 'offline') writer.goOffline();
  else if (action.do === 'online') writer.goOnline();
  else if (action.do === 'reload') await writer.reload();
  else if (action.do === 'break' && action.how === 'relay') writer.breakFromRelay();
  else if (action.do === 'break') writer.breakNextFrame();
}

let database: TestDatabase;
let postgres: PrismaStore;
/** Killed relays are put away while the next life runs. */
const endings: Promise<void>[] = [];
beforeAll(async () => {
  database = await testDatabase();
  postgres = new PrismaStore(database.db, silentLog);
});
afterAll(async () => {
  await Promise.all(endings);
  await postgres.close();
  await database.drop();
});

it('SY4, SY5, SY7, SY10, SY12: three clients, a program that edits the file, lost connections, reloads, restarts, kills, compactions and flips of the mode in any order end with one text everywhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      mode,
      fc.boolean(),
      fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
      async (first, outsideRemoves, steps) => {
        const life = new Life({ db: database.db, postgres, mode: first, outsideRemoves });
        try {
          await life.begin();
          for (const action of steps) await take(life, action);
          expect(await life.converge()).toEqual([]);
        } finally {
          endings.push((await life.end()).gone);
        }
      },
    ),
    // What failed once need not fail again: the steps are told as they were drawn.
    { numRuns: RUNS, endOnFailure: true, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
  );
}, 600_000);
