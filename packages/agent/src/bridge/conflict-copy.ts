import { access, mkdir, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { conflictPath } from '@markco/core/project/conflict-path';
import type { DocPath } from '@markco/core/project/doc-path';
import { assertInside } from '@markco/sync/file-store/root-files';
import type { BridgeContext } from './bridge-context.ts';

/**
 * FB4: writes the local text beside the document as `NAME (conflict, DEVICE, DATE).md`, on disk before it resolves; the folder's next look
 * makes it a document of its own. Told, never silent.
 */
export async function writeConflictCopy(context: BridgeContext, documentPath: string, text: string): Promise<void> {
  const now = new Date().toISOString();
  for (const date of [now.slice(0, 10), now]) {
    const copy = conflictPath(documentPath as DocPath, context.deviceName, date);
    const file = path.join(context.root, copy);
    await assertInside(context.root, file);
    await mkdir(path.dirname(file), { recursive: true });
    if (!(await writeNew(file, text))) continue;
    const message = `${documentPath} differs from the one in the cloud. The cloud's is kept, and yours is in ${copy}.`;
    context.problems.add({ kind: 'conflict', path: copy, message });
    return;
  }
  throw new Error(`No free name was found for the local copy of ${documentPath}. It is tried again.`);
}

/** Gives a file another name, if it is there and that name is free. */
export async function moveAside(context: BridgeContext, from: string, to: string): Promise<void> {
  const source = path.join(context.root, from);
  const target = path.join(context.root, to);
  if (!(await exists(source)) || (await exists(target))) return;
  await rename(source, target);
  context.problems.add({
    kind: 'conflict',
    path: to,
    message: `Another device gave a document the name ${from}. The file here is now ${to}.`,
  });
}

/** False where the file is there already. */
async function writeNew(file: string, text: string): Promise<boolean> {
  const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return null;
    throw error;
  });
  if (!handle) return false;
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return true;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
