import { readIfExists } from '../../config/atomic-file.ts';
import { lockHolder } from '../../config/instance-lock.ts';
import { openContext } from '../context.ts';

const WORDS: Record<string, string> = {
  synced: 'Synced',
  syncing: 'Syncing',
  offline: 'Offline',
  paused: 'Paused',
  needs_sign_in: 'Needs you to sign in again: markco login',
  needs_attention: 'Needs attention',
  starting: 'Starting',
};

interface WrittenStatus {
  state: string;
  pending: number;
  runningFor: string | null;
  folders: { root: string; documents: number; problem: string | null }[];
}

/** What the agent of this computer does right now. */
export async function status(options: { json?: boolean }): Promise<void> {
  const { dir, tokens, settings, server, say } = await openContext();
  const pid = await lockHolder(dir.lock);
  const written = pid === null ? null : readWritten(await readIfExists(dir.status));
  const account = tokens.identity?.userName ?? null;
  if (options.json)
    return say(JSON.stringify({ running: pid !== null, pid, server, account, signedIn: tokens.state === 'signed_in', ...written }));
  say(pid === null ? 'The agent is not running. Start it with "markco agent".' : `The agent is running (process ${pid}).`);
  say(tokens.identity ? `Account: ${account ?? 'signed in'} on ${server}` : 'Account: none; "markco login" signs this device in.');
  if (written) say(`${WORDS[written.state] ?? written.state}${written.pending ? `, ${written.pending} on their way` : ''}`);
  if (written?.runningFor) say(`Running for ${written.runningFor}`);
  const folders = written?.folders ?? settings.folders.map(({ root }) => ({ root, documents: 0, problem: null }));
  for (const folder of folders)
    say(`  ${folder.root}${folder.documents ? ` (${folder.documents} documents)` : ''}${folder.problem ? `: ${folder.problem}` : ''}`);
  if (folders.length === 0) say('No folders are linked. "markco link DIR" links one.');
}

function readWritten(text: string | null): WrittenStatus | null {
  try {
    return text === null ? null : (JSON.parse(text) as WrittenStatus);
  } catch {
    return null;
  }
}
