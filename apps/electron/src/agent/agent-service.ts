import path from 'node:path';
import { type Agent, createAgent } from '@markco/agent/agent';
import type { AgentStatus as FullStatus } from '@markco/agent/agent-status';
import { createApiClient } from '@markco/agent/api-client/api-client';
import { SettingsFile } from '@markco/agent/config/settings';
import type { WorkspacePush } from '@markco/agent/desktop/local-workspace';
import type { WindowIdentity } from '@markco/agent/desktop/workspace-view';
import { defaultDeviceName, platformName } from '@markco/agent/machine';
import { type LoopbackSignIn, startLoopbackSignIn } from '@markco/agent/sign-in/pkce-loopback';
import type { Log } from '@markco/sync/log';
import { z } from 'zod';
import { type AgentStatus, methods } from '../protocol/ipc-contract.ts';
import { WORKSPACE_METHODS, type WorkspaceMethod } from '../protocol/workspace-methods.ts';
import type { PortCredentials } from './port-credentials.ts';
import { Workspaces } from './workspaces.ts';

export interface AgentServiceOptions {
  dir: string;
  credentials: PortCredentials;
  deviceName?: string | undefined;
  log: Log;
  onStatus: (status: AgentStatus) => void;
  onWorkspace: (root: string, push: WorkspacePush) => void;
  /** EL1: the page the person's own browser is to show. */
  onOpenBrowser: (url: string) => void;
  /** For tests. */
  trash?: (file: string) => Promise<void>;
  registryFolder?: string;
}

const rootArgs = z.object({ root: z.string() });
const workspaceArgs = z.object({ method: z.enum(WORKSPACE_METHODS as [WorkspaceMethod, ...WorkspaceMethod[]]), input: z.unknown() });

/** The desktop's agent as main knows it: one method a request. Holds the one {@link Agent}, anew where the server changes. */
export class AgentService {
  readonly #o: AgentServiceOptions;
  readonly #deviceName: string;
  readonly #workspaces: Workspaces;
  #agent: Agent;
  #signingIn: LoopbackSignIn | null = null;

  constructor(options: AgentServiceOptions) {
    this.#o = options;
    this.#deviceName = options.deviceName ?? defaultDeviceName();
    this.#agent = this.#make();
    this.#workspaces = new Workspaces({
      parts: () => this.#agent.local,
      identity: () => this.#identity(),
      deviceName: this.#deviceName,
      log: options.log,
      onPush: options.onWorkspace,
      ...(options.trash && { trash: options.trash }),
    });
  }

  async start(): Promise<void> {
    await this.#agent.start();
    this.#tell();
  }

  /** Answers one request of main; rejects with words for the person. */
  async handle(method: string, args: unknown): Promise<unknown> {
    switch (method) {
      case 'status':
        return this.status();
      case 'previewFolder':
        return this.#agent.preview(rootArgs.parse(args).root);
      case 'linkFolder':
        return void (await this.#agent.linkFolder(rootArgs.parse(args).root));
      case 'unlinkFolder':
        return this.#agent.unlinkFolder(rootArgs.parse(args).root);
      case 'signIn':
        return this.#signIn(methods.signIn.input.parse(args).server);
      case 'cancelSignIn':
        return this.#signingIn?.cancel();
      case 'signOut':
        return this.#agent.signOut();
      case 'pause':
        return this.#agent.pause(methods.pause.input.parse(args).paused);
      case 'setAllowRuns':
        return this.#agent.setAllowRuns(methods.setAllowRuns.input.parse(args).allow);
      case 'workspace': {
        const { method: name, input } = workspaceArgs.parse(args);
        return this.#workspaces.call(name, input);
      }
      case 'sleep':
        return this.#agent.sleep();
      case 'wake':
        return this.#agent.wake();
      case 'stop':
        return this.stop();
      default:
        throw new Error('This version of the background process does not know that request. Restart the app.');
    }
  }

  status(): AgentStatus {
    return shown(this.#agent.status());
  }

  async stop(): Promise<void> {
    this.#signingIn?.cancel();
    this.#workspaces.closeAll();
    await this.#agent.stop('quit');
  }

  /** EL1: resolves when the browser came back, or with why it did not. */
  async #signIn(server: string): Promise<{ ok: boolean; message?: string }> {
    this.#signingIn?.cancel();
    const origin = new URL(server).origin;
    try {
      if (this.#agent.local.api.server !== origin) await this.#moveTo(origin);
      const deviceId = this.#o.credentials.current?.deviceId;
      const about = { name: this.#deviceName, kind: 'desktop' as const, platform: platformName(), ...(deviceId && { deviceId }) };
      const signIn = await startLoopbackSignIn({ api: createApiClient(origin), about });
      this.#signingIn = signIn;
      this.#o.onOpenBrowser(signIn.url);
      await this.#agent.signIn(await signIn.tokens);
      return { ok: true };
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#signingIn = null;
      this.#tell();
    }
  }

  /** Another server: the agent starts again with it; folders and local edits stay. */
  async #moveTo(server: string): Promise<void> {
    if (this.#identity()) await this.#agent.signOut();
    this.#workspaces.closeAll();
    await this.#agent.stop('quit');
    await new SettingsFile(path.join(this.#o.dir, 'settings.json')).update((settings) => ({ ...settings, server }));
    this.#agent = this.#make();
    await this.#agent.start();
  }

  #make(): Agent {
    const { dir, credentials, log, registryFolder } = this.#o;
    const agent = createAgent({
      ...{ dir, kind: 'desktop', deviceName: this.#deviceName, log, credentials: async () => credentials },
      ...(registryFolder && { registryFolder }),
    });
    agent.on('status', () => {
      this.#tell();
      this.#workspaces.refresh();
    });
    agent.on('signIn', () => setImmediate(() => this.#agent === agent && this.#tell()));
    return agent;
  }

  #tell(): void {
    this.#o.onStatus(this.status());
  }

  #identity(): WindowIdentity {
    const { current } = this.#o.credentials;
    return current && { userId: current.userId, deviceId: current.deviceId, userName: current.userName };
  }
}

/** Without an account there is nothing to be offline from. */
function shown({ connection: _, ...status }: FullStatus): AgentStatus {
  return status.account === null && status.state === 'offline' ? { ...status, state: 'synced', unsent: 0 } : status;
}
