import { expireVersions } from '@markco/sync/store/prisma/expire-versions';
import { VERSION_DAYS } from '@markco/sync/store/version-retention';
import type { Resources } from '../resources.ts';
import { type Loop, startLoop } from '../run-engine/loop.ts';
import { purgeDocuments } from './purge-documents.ts';

const EVERY_MS = 60 * 60 * 1000;
const DAY_MS = 24 * EVERY_MS;
const BATCH = 500;

/** Removes what nobody can ask for any more: versions after 90 days, documents after 30 days in the bin. Says how much, never what. */
export async function keepHouse(resources: Resources): Promise<{ versions: number; documents: number }> {
  const before = new Date(resources.clock.now().getTime() - VERSION_DAYS * DAY_MS);
  let versions = 0;
  for (let gone = BATCH; gone === BATCH; versions += gone) gone = await expireVersions(resources.db, before, BATCH);
  const documents = await purgeDocuments(resources);
  if (versions + documents > 0) resources.log.info({ versions, documents }, 'removed what was kept long enough');
  return { versions, documents };
}

/** Every hour, and at the start. Several processes may run one each; stop it before the database is closed. */
export function startHousekeeping(resources: Resources): Loop {
  return startLoop('housekeeping', EVERY_MS, resources.log, async () => void (await keepHouse(resources)));
}
