import path from 'node:path';
import { isBuiltInExcluded, isDocumentFile } from '@markco/core/project/scope';
import watcher from '@parcel/watcher';
import { STATE_FOLDER } from './root-files.ts';
import { TEMP_PREFIX } from './write-text-file.ts';

// Folders no document is in: not even watched, as they can be large.
const UNWATCHED = ['.git', STATE_FOLDER, 'node_modules', '.venv', '__pycache__'].flatMap((name) => [name, `**/${name}`, `**/${name}/**`]);

export interface RootWatch {
  stop(): Promise<void>;
}

/**
 * Watches a folder and everything below. `onFiles` gets the documents something happened to, relative with '/'; `onFolders` hears that
 * other things changed (folders, which on a move bring no word of what is in them; ignore files): look again. `onLost`: events were missed.
 */
export async function watchRoot(
  dir: string,
  on: { files: (files: string[]) => void; other: (paths: string[]) => void; lost: (error: Error) => void },
): Promise<RootWatch> {
  const subscription = await watcher.subscribe(
    dir,
    (error, events) => {
      if (error) return on.lost(error);
      const paths = [...new Set(events.map((event) => path.relative(dir, event.path).split(path.sep).join('/')))];
      const ours = paths.filter((file) => !isBuiltInExcluded(file) && !path.posix.basename(file).startsWith(TEMP_PREFIX));
      const files = ours.filter(isDocumentFile);
      const other = ours.filter((file) => !isDocumentFile(file));
      if (files.length > 0) on.files(files);
      if (other.length > 0) on.other(other);
    },
    { ignore: UNWATCHED },
  );
  return { stop: () => subscription.unsubscribe() };
}
