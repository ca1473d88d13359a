import { open } from 'node:fs/promises';

/** Makes a rename or creation in the folder survive a power cut. Windows has no such call and orders them itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
