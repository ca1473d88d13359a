import type { ConnectionState } from './connection/connection.ts';
import type { Folders } from './folders.ts';
import type { SignInState } from './sign-in/token-manager.ts';

/** EL4: what the tray, the window and `markco status` show. */
export interface AgentStatus {
  state: 'synced' | 'syncing' | 'offline' | 'paused' | 'needs_sign_in' | 'needs_attention' | 'starting';
  /** Documents on their way. */
  pending: number;
  /** Documents with edits the server does not have, while offline. */
  unsent: number;
  /** How many runs go on here now, as a text for people; null for none. */
  runningFor: string | null;
  account: { name: string | null; server: string } | null;
  connection: ConnectionState;
  allowRuns: boolean;
  folders: { root: string; name: string; projectId: string | null; documents: number; problem: string | null }[];
  relay: { url: string; secret: string } | null;
}

interface Parts {
  folders: Folders;
  signIn: SignInState;
  connection: ConnectionState;
  allowRuns: boolean;
  running: number;
  account: AgentStatus['account'];
  relay: AgentStatus['relay'];
  started: boolean;
  paused: boolean;
}

/** One status from all parts: the worst thing the person can do something about wins. */
export function agentStatus(parts: Parts): AgentStatus {
  const list = parts.folders.all().map(({ root, bridge, problem }) => ({ root, bridge, problem, status: bridge?.status() ?? null }));
  const pending = list.reduce((sum, { status }) => sum + (status?.pending ?? 0), 0);
  const attention = list.some(({ status, problem }) => problem !== null || status?.state === 'needs_attention');
  return {
    state: overall(parts, pending, attention),
    pending,
    unsent: parts.connection === 'online' ? 0 : pending,
    runningFor: parts.running === 0 ? null : parts.running === 1 ? 'another device' : `${parts.running} runs of other devices`,
    account: parts.account,
    connection: parts.connection,
    allowRuns: parts.allowRuns,
    folders: list.map(({ root, bridge, problem, status }) => ({
      root,
      name: root.split(/[\\/]/).filter(Boolean).at(-1) ?? root,
      projectId: bridge?.projectId ?? null,
      documents: status?.documents ?? 0,
      problem: problem ?? status?.problems[0]?.message ?? null,
    })),
    relay: parts.relay,
  };
}

function overall(parts: Parts, pending: number, attention: boolean): AgentStatus['state'] {
  if (!parts.started) return 'starting';
  if (parts.signIn === 'needs_sign_in') return 'needs_sign_in';
  if (attention) return 'needs_attention';
  if (parts.paused) return 'paused';
  if (parts.connection !== 'online') return 'offline';
  return pending > 0 ? 'syncing' : 'synced';
}
