import type { AgentStatus } from '../protocol/ipc-contract.ts';

/** A line of the tray's menu; `action` is null for a line that only tells. */
export interface TrayItem {
  label: string;
  action: 'open' | 'pause' | 'resume' | 'signIn' | 'quit' | null;
}

/** EL4: the one line that says how things stand. Never better than the truth. */
export function trayLine(status: AgentStatus): string {
  if (status.runningFor) return `Running for ${status.runningFor}`;
  switch (status.state) {
    case 'starting':
      return 'Starting …';
    case 'needs_sign_in':
      return 'Sign in again to sync. Your edits are kept';
    case 'needs_attention':
      return status.folders.find((folder) => folder.problem)?.problem ?? 'Something needs your attention';
    case 'paused':
      return 'Paused';
    case 'offline':
      return status.unsent > 0 ? `Offline · ${status.unsent} unsent ${status.unsent === 1 ? 'edit' : 'edits'}` : 'Offline';
    case 'syncing':
      return `Syncing ${status.pending}`;
    case 'synced':
      return status.account ? 'Synced' : 'On this computer only';
  }
}

/** EL4: the whole menu. */
export function trayMenu(status: AgentStatus): TrayItem[] {
  const items: TrayItem[] = [
    { label: trayLine(status), action: null },
    { label: 'Open MarkCo', action: 'open' },
  ];
  if (status.state === 'needs_sign_in') items.push({ label: 'Sign in …', action: 'signIn' });
  else if (status.account)
    items.push(status.state === 'paused' ? { label: 'Resume sync', action: 'resume' } : { label: 'Pause sync', action: 'pause' });
  items.push({ label: 'Quit MarkCo', action: 'quit' });
  return items;
}
