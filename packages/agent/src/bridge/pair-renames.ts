/** A document whose file is not where it was. */
export interface Gone {
  readonly documentId: string;
  readonly path: string;
  readonly ino: number | null;
  /** SHA-256 hex of its text. */
  readonly textHash: string;
}
/** A file no document is known for. */
export interface Appeared {
  readonly file: string;
  readonly path: string;
  readonly ino: number;
  readonly textHash: string | null;
}

/** FB7: which of the files that appeared are documents that went away: first by inode, then by text, the same name first of equals. */
export function pairRenames(gone: readonly Gone[], appeared: readonly Appeared[]): Map<Gone, Appeared> {
  const pairs = new Map<Gone, Appeared>();
  const taken = new Set<Appeared>();
  const pair = (matches: (from: Gone, to: Appeared) => boolean): void => {
    for (const from of gone) {
      if (pairs.has(from)) continue;
      const to = appeared.find((file) => !taken.has(file) && matches(from, file));
      if (!to) continue;
      pairs.set(from, to);
      taken.add(to);
    }
  };
  const sameText = (from: Gone, to: Appeared): boolean => from.textHash !== EMPTY && from.textHash === to.textHash;
  pair((from, to) => from.ino !== null && from.ino !== 0 && from.ino === to.ino && nameOf(from.path) === nameOf(to.path));
  pair((from, to) => from.ino !== null && from.ino !== 0 && from.ino === to.ino && sameText(from, to));
  pair((from, to) => sameText(from, to) && nameOf(from.path) === nameOf(to.path));
  pair((from, to) => from.ino !== null && from.ino !== 0 && from.ino === to.ino);
  pair(sameText);
  return pairs;
}

/** SHA-256 of nothing: empty files are not "the same text". */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
