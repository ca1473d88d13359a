import { createAgent } from '../../agent.ts';
import { openCredentials } from '../../config/credentials.ts';
import { dataDirPaths } from '../../config/data-dir.ts';
import { readEnv } from '../../config/env.ts';
import { createLog } from '../../log.ts';
import { StatusFile } from '../status-file.ts';

/** Runs the agent in the foreground until SIGTERM or SIGINT (OP4). */
export async function runAgent(options: { server?: string }): Promise<void> {
  const env = readEnv();
  const log = createLog(env.LOG_LEVEL);
  const paths = dataDirPaths(env.MARKCO_AGENT_DIR);
  const server = options.server ?? env.MARKCO_SERVER;
  const agent = createAgent({
    ...(env.MARKCO_AGENT_DIR && { dir: env.MARKCO_AGENT_DIR }),
    ...(server && { server }),
    ...(env.MARKCO_DEVICE_NAME && { deviceName: env.MARKCO_DEVICE_NAME }),
    kind: 'headless',
    credentials: ({ credentials }) =>
      openCredentials({ file: credentials, given: env.MARKCO_CREDENTIALS_FILE, keyring: env.MARKCO_KEYRING }),
    log,
  });
  const file = new StatusFile(paths.status, log);
  let last = '';
  agent.on('status', ({ relay: _secret, ...status }) => {
    if (status.state !== last) log.info({ state: status.state, pending: status.pending, folders: status.folders.length }, 'agent');
    last = status.state;
    file.put(JSON.stringify({ pid: process.pid, at: Date.now(), ...status }));
  });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await agent.start();
  log.info({ pid: process.pid }, 'the agent is running');
  await stopped;
  log.info({}, 'the agent is stopping');
  await agent.stop('quit');
  await file.flush();
}
