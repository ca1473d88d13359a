import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isBuiltInExcluded } from '@markco/core/project/scope';
import ignore, { type Ignore } from 'ignore';

const IGNORE_FILES = ['.gitignore', '.markcoignore'];

/** Says which paths of a folder are part of the project (FB2). Ignore files count for the folder they are in and everything below. */
export class ScopeFilter {
  readonly #rules = new Map<string, Ignore | null>();
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Reads the ignore files of a folder (relative, '' for the root); call it for a folder before asking about what is in it. */
  async enter(folder: string): Promise<void> {
    const texts = await Promise.all(IGNORE_FILES.map((name) => readFile(path.join(this.#dir, folder, name), 'utf8').catch(() => null)));
    const found = texts.filter((text) => text !== null);
    this.#rules.set(folder, found.length > 0 ? ignore().add(found) : null);
  }

  /** True where the path (relative, '/') is left out; a folder's path ends with '/'. */
  excludes(relative: string): boolean {
    if (isBuiltInExcluded(relative.replace(/\/$/, ''))) return true;
    let excluded = false;
    for (const folder of foldersAbove(relative)) {
      const rules = this.#rules.get(folder);
      if (!rules) continue;
      const verdict = rules.test(folder === '' ? relative : relative.slice(folder.length + 1));
      // A deeper file may take back what an upper one excludes.
      if (verdict.ignored) excluded = true;
      else if (verdict.unignored) excluded = false;
    }
    return excluded;
  }
}

/** '' and every folder on the way to the path. */
function* foldersAbove(relative: string): Iterable<string> {
  yield '';
  const trimmed = relative.replace(/\/$/, '');
  for (let slash = trimmed.indexOf('/'); slash >= 0; slash = trimmed.indexOf('/', slash + 1)) yield trimmed.slice(0, slash);
}
