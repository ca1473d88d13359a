import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The key that signs tickets and device tokens. From MARKCO_SECRET where given (every web and sync process needs the same);
 * else made once in `dataDir/secret`, readable by its owner only.
 */
export function loadSecret(given: string | undefined, dataDir: string): Uint8Array {
  return new TextEncoder().encode(given ?? readOrMake(join(dataDir, 'secret'), dataDir));
}

function readOrMake(path: string, dataDir: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // Another process made it in between: that one counts.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8').trim();
}
