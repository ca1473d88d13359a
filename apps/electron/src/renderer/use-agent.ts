import { createLive } from '@markco/editor/live';
import { useEffect, useState } from 'react';
import type { AgentStatus } from '../protocol/ipc-contract.ts';
import { call, onPush } from './bridge.ts';

/** What the agent says of itself; null until main answers. One for the window. */
export const agent = createLive<AgentStatus | null>(null);
/** Whether the agent's process is up. */
export const agentUp = createLive(false);

function take(status: AgentStatus): void {
  agent.set(status);
  agentUp.set(status.state !== 'starting' && status.relay !== null);
}

/** Follows the agent while the window is there. */
export function useFollowAgent(): void {
  useEffect(() => {
    const stop = onPush('status', take);
    void call('status').then(take, () => undefined);
    return stop;
  }, []);
}

/** Runs one thing at a time and keeps what went wrong, in words for the person. */
export function useAction(): { busy: boolean; problem: string | null; run(action: () => Promise<unknown>): Promise<void> } {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (action: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await action();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run };
}
