import { chmod, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where the agent keeps its own files. All of it is private to the person (0700). */
export interface DataDir {
  readonly root: string;
  readonly settings: string;
  readonly credentials: string;
  readonly lock: string;
  readonly status: string;
  readonly journal: string;
  readonly documents: string;
}

/** The paths of an agent's data folder; nothing is touched. Default `~/.markco/agent`. */
export function dataDirPaths(root = path.join(homedir(), '.markco', 'agent')): DataDir {
  const at = (name: string) => path.join(path.resolve(root), name);
  return {
    root: path.resolve(root),
    settings: at('settings.json'),
    credentials: at('credentials.json'),
    lock: at('agent.lock'),
    status: at('status.json'),
    journal: at('journal'),
    documents: at('documents'),
  };
}

/** Creates the data folder, readable by this person only, and returns its paths. Rejects with what to do where that is impossible. */
export async function prepareDataDir(root?: string): Promise<DataDir> {
  const dir = dataDirPaths(root);
  try {
    await mkdir(dir.root, { recursive: true, mode: 0o700 });
    // A folder that existed may have been made with another mask.
    if (process.platform !== 'win32') await chmod(dir.root, 0o700);
    await mkdir(dir.journal, { recursive: true, mode: 0o700 });
    await mkdir(dir.documents, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(
      `The agent's data folder ${dir.root} cannot be used. Check that it is yours, or set MARKCO_AGENT_DIR to another folder.`,
      {
        cause,
      },
    );
  }
  return dir;
}
