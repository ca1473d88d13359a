import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { ChildLike } from '../src/main/agent-process.ts';

/** The built agent's process without Electron, in the shape of its UtilityProcess. `home`: its home folder, with its own trash and registry. */
export function forkAgent(agentFile: string, home: string, start: { dir: string; logLevel: string; deviceName?: string }): ChildLike {
  const wrapper = join(import.meta.dirname, 'port-child.mjs');
  const child = fork(wrapper, [agentFile, JSON.stringify(start)], {
    ...{ serialization: 'advanced', execArgv: [] },
    env: { ...process.env, HOME: home, XDG_DATA_HOME: join(home, 'data') },
  });
  return {
    postMessage: (message) => void child.send(message as object),
    on: (event, listener) => child.on(event, listener),
    once: (event, listener) => child.once(event, (code: number | null) => listener(code ?? 1)),
    kill: () => child.kill('SIGKILL'),
  };
}
