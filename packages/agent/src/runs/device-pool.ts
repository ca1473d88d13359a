import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { OfferedRun } from '@markco/core/device/agent-message';
import type { RuntimeInfo } from '@markco/core/device/device';
import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { MrpEndpoint } from '../config/settings.ts';
import { startNativePython } from '../runtimes/native-python.ts';
import { connectRegistered, discoverRuntimes, type RegisteredEndpoint } from '../runtimes/registered.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { RuntimeSupervisor } from '../runtimes/supervisor.ts';
import { FreshNamespaces } from './fresh-namespaces.ts';
import { projectSession } from './project-session.ts';
import { type Admission, type ReadyRuntime, type RuntimePool, type SessionRef, sessionKey, sessionOf } from './runtime-pool.ts';

export interface DevicePoolOptions {
  supervisor: RuntimeSupervisor;
  /** The folder of a project on this device, or null. */
  rootOf: (projectId: string) => string | null;
  /** Where projects without a folder here run: an empty folder each. */
  scratch: string;
  endpoints: () => MrpEndpoint[];
  /** Where other programs register their runtimes; default `~/.mrmd/runtimes`. */
  registryFolder?: string;
}

/** AG4: the runtimes of a person's own computer: native Python in the project's folder, and registered ones of any language. */
export class DevicePool implements RuntimePool {
  readonly #o: DevicePoolOptions;
  readonly #fresh = new FreshNamespaces();
  readonly #sessions = new Map<string, SessionRef>();
  #discovered: RegisteredEndpoint[] = [];

  constructor(options: DevicePoolOptions) {
    this.#o = options;
  }

  /** Looks again for registered runtimes; done before every heartbeat's snapshot grows old. */
  async discover(): Promise<void> {
    const { registryFolder, endpoints } = this.#o;
    this.#discovered = await discoverRuntimes({ ...(registryFolder && { folder: registryFolder }), configured: endpoints() });
  }

  async admit(offer: OfferedRun): Promise<Admission> {
    const language = canonicalLanguage(offer.request.language);
    const running = this.peek(sessionOf(offer));
    if (running) return this.#isOurs(running) ? { ok: true } : admitLive(running, offer.runId);
    if (language !== 'python' && !this.#endpointFor(offer)) {
      await this.discover();
      if (!this.#endpointFor(offer)) {
        return {
          ok: false,
          reason: 'no_runtime',
          message: `No runtime for ${offer.request.language} is running on this computer. Start one and try again.`,
        };
      }
    }
    return { ok: true };
  }

  async acquire(offer: OfferedRun): Promise<ReadyRuntime> {
    const session = sessionOf(offer);
    const key = sessionKey(session);
    const root = this.#o.rootOf(session.projectId) ?? (await this.#scratchFor(session.projectId));
    const settings = await projectSession(root, offer.docPath, canonicalLanguage(session.language));
    this.#sessions.set(key, session);
    const { runtime, replaces } = await this.#o.supervisor.get(key, () => this.#start(offer, root));
    return { runtime, replaces, takeFresh: () => this.#fresh.take(runtime), assetFolder: { root, directory: settings.assets } };
  }

  peek(session: SessionRef): Runtime | null {
    return this.#o.supervisor.peek(sessionKey(session));
  }

  /** The next run starts it; until then nothing holds memory for a namespace nobody uses. */
  async restart(session: SessionRef): Promise<void> {
    await this.#o.supervisor.close(sessionKey(session));
  }

  async reset(session: SessionRef): Promise<void> {
    const runtime = this.peek(session);
    await runtime?.reset();
    if (runtime) this.#fresh.emptied(runtime);
  }

  runtimes(): RuntimeInfo[] {
    const live = this.#o.supervisor.list().map(({ key, runtime, running }): RuntimeInfo => {
      const session = this.#sessions.get(key);
      const { id: runtimeId, language, kind, label } = runtime;
      const state = running > 0 ? 'busy' : 'idle';
      return {
        runtimeId,
        language: session ? canonicalLanguage(session.language) : language,
        kind,
        label,
        state,
        ...(session && held(session)),
      };
    });
    const registered = this.#discovered.flatMap((endpoint) =>
      endpoint.languages.map(
        (language): RuntimeInfo => ({
          runtimeId: `registered:${endpoint.id}:${language}`.slice(0, 200),
          language: canonicalLanguage(language),
          kind: 'registered',
          label: `${language} (${endpoint.id})`.slice(0, 200),
          state: 'available',
        }),
      ),
    );
    const python: RuntimeInfo = { runtimeId: 'native:python', language: 'python', kind: 'native', label: 'Python', state: 'available' };
    return [...live, python, ...registered].slice(0, 200);
  }

  closeAll(): Promise<void> {
    return this.#o.supervisor.closeAll();
  }

  async #start(offer: OfferedRun, root: string): Promise<Runtime> {
    const language = canonicalLanguage(offer.request.language);
    await this.discover();
    const endpoint = this.#endpointFor(offer);
    if (endpoint && (language !== 'python' || this.#isNamed(endpoint))) return connectRegistered(endpoint);
    if (language !== 'python') {
      throw new AppError('unavailable', `No runtime for ${offer.request.language} is running on this computer. Start one and run again.`);
    }
    const { cwd, venv } = await projectSession(root, offer.docPath, language);
    return startNativePython({ projectRoot: root, venv, cwd, session: offer.request.sessionName });
  }

  /** Nobody else can reach a runtime we started: what runs there is known without asking. */
  #isOurs(runtime: Runtime): boolean {
    return runtime.kind === 'native' && this.#o.supervisor.list().some((each) => each.runtime === runtime && each.running === 0);
  }

  /** One the settings name, else one that runs in the project's folder, else any of the language. */
  #endpointFor(offer: OfferedRun): RegisteredEndpoint | null {
    const language = canonicalLanguage(offer.request.language);
    const root = this.#o.rootOf(offer.request.projectId);
    const fit = this.#discovered.filter((endpoint) => endpoint.languages.some((each) => canonicalLanguage(each) === language));
    const inside = (endpoint: RegisteredEndpoint) =>
      root !== null && endpoint.cwd !== undefined && !path.relative(root, endpoint.cwd).startsWith('..');
    return fit.find((endpoint) => this.#isNamed(endpoint)) ?? fit.find(inside) ?? fit[0] ?? null;
  }

  #isNamed(endpoint: RegisteredEndpoint): boolean {
    return this.#o.endpoints().some((named) => named.url === endpoint.baseUrl);
  }

  async #scratchFor(projectId: string): Promise<string> {
    const dir = path.join(this.#o.scratch, projectId);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return dir;
  }
}

const held = ({ projectId, sessionName }: SessionRef) => ({ projectId, sessionName });

/** RU13: a runtime that works on something this agent did not start is refused, and the run stays first in the queue. */
async function admitLive(runtime: Runtime, runId: string): Promise<Admission> {
  const health = await Promise.race([
    runtime.health().catch(() => null),
    new Promise<null>((resolve) => setTimeout(resolve, 1_500, null).unref()),
  ]);
  const busy = health && health.state !== 'idle' ? health.currentExecId : null;
  if (!busy || busy === runId) return { ok: true };
  return { ok: false, reason: 'busy', message: 'The runtime is busy with another cell.', busyExecId: busy };
}
