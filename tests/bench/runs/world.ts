import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Installation, startInstallation, until } from '../../lib/installation.ts';
import { type Command, end, markco, markcoDone } from '../../lib/markco.ts';
import { writeNotebook } from '../../lib/notes-folder.ts';
import { Phone } from '../../lib/phone.ts';
import { besideOf } from '../lib/cpu-use.ts';
import { type RunClient, runClient } from './run-client.ts';

/** A whole installation with one computer that holds a folder, and a script that knows a token. */
export interface World {
  readonly client: RunClient;
  readonly url: string;
  /** The address of the notebook in the browser, without the server's. */
  readonly page: string;
  /** The folder on the computer; the runtime works there. */
  readonly root: string;
  /** A process of each kind, for the CPU they use. */
  readonly pids: Record<string, number>;
  remove(): Promise<void>;
}

const NAME = 'Test laptop';
const NOTEBOOK = 'bench.md';

/** Starts everything a person would start, links a folder with a notebook of these cells, and waits until its device is online. */
export async function startWorld(cells: readonly string[]): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), 'markco-bench-notes-'));
  const agentDir = mkdtempSync(join(tmpdir(), 'markco-bench-agent-'));
  writeNotebook(root, NOTEBOOK, `# Bench\n\n${cells.map((code) => `\`\`\`python\n${code}\n\`\`\`\n`).join('\n')}`);
  const installation = await startInstallation();
  let agent: Command | undefined;
  const remove = async () => {
    if (agent) await end(agent);
    await installation.remove();
    for (const path of [root, agentDir]) rmSync(path, { recursive: true, force: true });
  };
  try {
    const phone = await Phone.local(installation.url);
    await signIn(installation.url, agentDir, phone);
    await markcoDone(agentDir, ['link', root, '--yes']);
    agent = markco(agentDir, ['agent']);
    const { slug, ...place } = await openPlace(phone);
    const { token } = await phone.api.auth.accessTokens.create.mutate({ name: 'bench' });
    phone.close();
    const { url } = installation;
    const page = `/p/${slug}/${NOTEBOOK}`;
    return { client: runClient(url, token, place), url, page, root, pids: pidsOf(installation, agent), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function signIn(server: string, agentDir: string, phone: Phone): Promise<void> {
  const login = markco(agentDir, ['login', '--server', server]);
  const userCode = await until('the code is shown', () => /\b([A-Z0-9]{4}-[A-Z0-9]{4})\b/.exec(login.output())?.[1]);
  await phone.api.auth.deviceDecide.mutate({ userCode, approve: true });
  await login.done;
}

/** The only document of the only project, once the device that holds it is online. */
async function openPlace({ api }: Phone) {
  await until('the device is online', async () =>
    (await api.devices.list.query()).some((device) => device.name === NAME && device.presence === 'online'),
  );
  const { id: projectId, slug } = await until('the project is there', async () => (await api.projects.list.query())[0]);
  const { id: documentId } = await until('the document is there', async () => (await api.projects.documents.query({ projectId }))[0]);
  const { epoch } = await api.documents.ticket.query({ documentId, mode: 'write' });
  return { slug, projectId, documentId, epoch };
}

function pidsOf(installation: Installation, agent: Command): Record<string, number> {
  const children = Object.fromEntries(['web', 'sync', 'worker'].map((name) => [name, installation.pid(name)]));
  const postgres = besideOf(children.web!, 'postgres');
  return { ...children, agent: agent.child.pid!, ...(postgres && { Postgres: postgres }) };
}
