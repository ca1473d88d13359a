import type { SqlRunner } from '@markco/db/sql';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { testPerson, testResources } from '../test-support/test-resources.ts';
import { type AccessCache, createAccessCache } from './access-cache.ts';
import { authenticate } from './authenticate.ts';
import { createAccessToken } from './create-access-token.ts';
import { sha256Hex } from './hash.ts';

let resources: Awaited<ReturnType<typeof testResources>>;
let access: AccessCache;
let asked: number;
let token: string;
let ada: Awaited<ReturnType<typeof testPerson>>;

beforeEach(async () => {
  resources = await testResources();
  ada = await testPerson(resources);
  ({ token } = await createAccessToken(resources.db, { userId: ada.userId, name: 'script', now: resources.clock.now() }));
  asked = 0;
  const sql: SqlRunner = {
    rows: (text, values) => {
      asked++;
      return resources.sql.rows(text, values);
    },
  };
  access = createAccessCache(sql, resources.bus, resources.clock);
});
afterEach(async () => {
  access.close();
  await resources.drop();
});

const who = () => authenticate({ ...resources, access }, { headers: { authorization: `Bearer ${token}` }, needsOrigin: false });
const changed = () => resources.bus.publish({ topic: 'access.changed', userId: ada.userId });

it('SE2: the row of a token is asked for once in 2 s', async () => {
  for (let i = 0; i < 3; i++) expect(await who()).toMatchObject({ kind: 'token', userId: ada.userId });
  expect(asked).toBe(1);
  resources.advance(2_001);
  await who();
  expect(asked).toBe(2);
});

it('SE2: a token that was revoked, or has expired, is refused at once', async () => {
  await who();
  await resources.db.accessToken.updateMany({ data: { expiresAt: new Date(resources.clock.now().getTime() + 1_900) } });
  await changed();
  expect(await who()).not.toBeNull();
  resources.advance(1_901);
  expect(await who(), 'expired, though the row is known').toBeNull();
  await resources.db.accessToken.updateMany({ data: { expiresAt: null, revokedAt: resources.clock.now() } });
  await changed();
  expect(await who()).toBeNull();
});

it('SE2: what was read while access changed is not kept', async () => {
  const before = access.token(sha256Hex(token));
  await changed();
  await before;
  await who();
  expect(asked).toBe(2);
});
