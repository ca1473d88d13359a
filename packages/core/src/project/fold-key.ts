/** The key under which two paths are the same file on a case-insensitive or Unicode-normalising file system (FB9). */
export function foldKey(path: string): string {
  // Upper-casing first also folds letters with two lower-case forms, as NTFS and APFS do.
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}
