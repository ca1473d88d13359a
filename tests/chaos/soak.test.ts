import { testDatabase } from '@markco/testing/database';
import { expect, it } from 'vitest';
import { soak } from '../bench/soak/soak.ts';

it('SY16: after churn nothing is lost and nothing is left behind (a short `npm run bench -- soak`)', async () => {
  const database = await testDatabase();
  try {
    const faults = await soak({
      db: database.db,
      databaseUrl: database.url,
      documents: 300,
      people: 40,
      warmUpMs: 3_000,
      churnMs: 6_000,
      growth: 1,
      unloadMs: 500,
      every: { ms: 60_000, tell: () => {} },
    });
    expect(faults).toEqual([]);
  } finally {
    await database.drop();
  }
});
