import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { mrpCapabilities } from '@markco/core/mrp/answers';
import { isProcessAlive } from '@markco/sync/file-store/is-process-alive';
import { z } from 'zod';
import { describeExit, ExitWatch } from './exit-watch.ts';
import { callMrp } from './mrp-http.ts';
import { MrpHttpClient } from './mrp-http-client.ts';
import { type Runtime, RuntimeRequestError } from './runtime.ts';

/** An MRP runtime somebody else started (AG4b). */
export interface RegisteredEndpoint {
  id: string;
  baseUrl: string;
  secret?: string;
  pid?: number;
  venv?: string;
  cwd?: string;
  /** What it says it runs; the first is its main one. */
  languages: string[];
}

/** An endpoint as the agent's settings name it. `language` is for runtimes that do not say. */
export interface ConfiguredEndpoint {
  id?: string;
  url: string;
  secret?: string;
  language?: string;
}

/** Where to look. `folder` defaults to `~/.mrmd/runtimes`. */
export interface DiscoveryOptions {
  folder?: string;
  configured?: ConfiguredEndpoint[];
}

const registration = z.looseObject({
  pid: z.number().int().positive().optional().catch(undefined),
  port: z.number().int().optional().catch(undefined),
  url: z.string().optional().catch(undefined),
  venv: z.string().optional().catch(undefined),
  cwd: z.string().optional().catch(undefined),
  language: z.string().optional().catch(undefined),
});

/**
 * AG4b: the runtimes registered on this machine and those in the settings that answer now. Stale files (dead pid, closed
 * port, not JSON) are ignored, never deleted.
 */
export async function discoverRuntimes(options: DiscoveryOptions = {}): Promise<RegisteredEndpoint[]> {
  const folder = options.folder ?? join(homedir(), '.mrmd', 'runtimes');
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
  const found = await Promise.all([
    ...files.map((name) => fromFile(join(folder, name))),
    ...(options.configured ?? []).map((each) =>
      probe({ id: each.id ?? each.url, baseUrl: each.url, ...(each.secret && { secret: each.secret }) }, each.language),
    ),
  ]);
  return found.filter((endpoint) => endpoint !== null);
}

const LET_GO = 'MarkCo let go of this runtime, which was started elsewhere; what runs there goes on.';

/** A Runtime over a registered endpoint. Closing it only lets go of it: the runtime lives on, an execution here ends as if it had died. */
export async function connectRegistered(endpoint: RegisteredEndpoint): Promise<Runtime> {
  const exit = new ExitWatch();
  const client = new MrpHttpClient(endpoint, exit);
  const language = endpoint.languages[0] ?? 'unknown';
  return {
    id: `registered:${endpoint.id}`,
    kind: 'registered',
    language,
    label: `${language} (${endpoint.id})`,
    ...(endpoint.pid !== undefined && { pid: endpoint.pid }),
    ...(endpoint.cwd !== undefined && { cwd: endpoint.cwd }),
    health: () => client.health(),
    capabilities: () => client.capabilities(),
    execute: (request, onEvent) => client.execute(request, onEvent),
    input: (execId, text) => client.input(execId, text),
    cancelInput: (execId) => client.cancelInput(execId),
    interrupt: () => client.interrupt(),
    introspect: (question, body, signal) => client.introspect(question, body, signal),
    reset: () => client.reset(),
    asset: (id) => client.asset(id),
    close: async () => {
      exit.settle({ ...describeExit(null, null), message: LET_GO });
      client.letGo();
    },
    onExit: (listener) => exit.on(listener),
  };
}

async function fromFile(path: string): Promise<RegisteredEndpoint | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const read = registration.safeParse(parseJson(text));
  if (!read.success) return null;
  const { pid, port, url, venv, cwd, language } = read.data;
  const baseUrl = url ?? (port ? `http://127.0.0.1:${port}` : undefined);
  if (!baseUrl || (pid !== undefined && !isProcessAlive(pid))) return null;
  const more = { ...(pid !== undefined && { pid }), ...(venv !== undefined && { venv }), ...(cwd !== undefined && { cwd }) };
  return probe({ id: basename(path, '.json'), baseUrl, ...more }, language);
}

/** Asks for the capabilities; a runtime without them still counts when it answers at all. */
async function probe(endpoint: Omit<RegisteredEndpoint, 'languages'>, language?: string): Promise<RegisteredEndpoint | null> {
  const fallback = language ? [language] : [];
  try {
    const base = { ...endpoint, baseUrl: endpoint.baseUrl.replace(/\/mrp\/v1\/?$/, '') };
    const capabilities = mrpCapabilities.parse((await callMrp(base, 'GET', '/mrp/v1/capabilities', { timeoutMs: 1_500 })) ?? {});
    return { ...endpoint, languages: capabilities.languages.length > 0 ? capabilities.languages : fallback };
  } catch (error) {
    return error instanceof RuntimeRequestError && error.status === 404 && language ? { ...endpoint, languages: fallback } : null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
