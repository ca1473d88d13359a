import { router } from '../../../trpc.ts';
import { keepVersions } from './keep-versions.ts';
import { listVersions, readVersion } from './read-versions.ts';
import { restoreVersion } from './restore-version.ts';

/** What a document was, and the way back (SY8, SY9). */
export const versionsRouter = router({
  list: listVersions,
  read: readVersion,
  restore: restoreVersion,
  keep: keepVersions,
});
