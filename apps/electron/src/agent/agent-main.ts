import { createLog } from '@markco/agent/log';
import { agentStart } from '../protocol/agent-port.ts';
import { AgentService } from './agent-service.ts';
import { PortCredentials } from './port-credentials.ts';
import { type PortLike, PortLink } from './port-link.ts';

/** The agent's process (EL5): started by main with its settings as the first argument. */
async function main(): Promise<void> {
  const { parentPort } = process as unknown as { parentPort: PortLike };
  const { dir, deviceName, logLevel } = agentStart.parse(JSON.parse(process.argv[2] ?? '{}'));
  const log = createLog(logLevel);
  const link = new PortLink(parentPort);
  const service = new AgentService({
    ...{ dir, deviceName, log, credentials: new PortCredentials(link) },
    onStatus: (status) => link.push('status', status),
    onWorkspace: (root, push) => link.push('workspace', { root, push }),
    onOpenBrowser: (url) => link.push('openBrowser', { url }),
  });
  let starting: Promise<void> = Promise.resolve();
  link.serve(async (method, args) => {
    await starting;
    const answer = await service.handle(method, args);
    if (method === 'stop') setImmediate(() => process.exit(0));
    return answer;
  });
  starting = service.start();
  await starting;
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  (process as unknown as { parentPort?: PortLike }).parentPort?.postMessage({ type: 'push', push: 'failed', value: { message } });
  process.stderr.write(`${message}\n`);
  // The message goes out before the process ends; main starts it again with back-off.
  setTimeout(() => process.exit(1), 100);
});
