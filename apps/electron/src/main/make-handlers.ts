import type { AgentMethod } from '../protocol/agent-port.ts';
import { agentStatus, type FolderPreview, type MethodInput, type MethodOutput } from '../protocol/ipc-contract.ts';
import { WORKSPACE_METHODS, type WorkspaceMethod } from '../protocol/workspace-methods.ts';
import type { ElectronParts } from './electron-parts.ts';
import type { Handlers } from './handle-ipc.ts';
import type { LoginItem } from './login-item.ts';
import { isSafeServer, openLink } from './open-link.ts';
import type { PreferencesFile } from './preferences.ts';
import type { TokenStore } from './token-store.ts';

export interface HandlersOptions {
  electron: Pick<ElectronParts, 'app' | 'dialog' | 'shell'>;
  agent: { request(method: AgentMethod, args: unknown): Promise<unknown> };
  preferences: PreferencesFile;
  tokens: TokenStore;
  loginItem: LoginItem;
  status: () => Promise<MethodOutput<'status'>>;
  /** The server the person is signing in to; null when it is over. */
  onSignIn: (server: string | null) => void;
}

/** EL5: what each method of the window does. */
export function makeHandlers(options: HandlersOptions): Handlers {
  return { ...folderHandlers(options), ...accountHandlers(options), ...settingsHandlers(options), ...workspaceHandlers(options) };
}

type Part<K extends keyof Handlers> = Pick<Handlers, K>;

function folderHandlers({ electron, agent }: HandlersOptions): Part<'chooseFolder' | 'linkFolder' | 'unlinkFolder'> {
  /** Folders the person picked themselves: the window can link no other. */
  const chosen = new Set<string>();
  return {
    chooseFolder: async () => {
      const picked = await electron.dialog.showOpenDialog({ properties: ['openDirectory', 'createDirectory'], buttonLabel: 'Open folder' });
      const root = picked.canceled ? undefined : picked.filePaths[0];
      if (!root) return null;
      const preview = (await agent.request('previewFolder', { root })) as FolderPreview;
      chosen.add(preview.dir);
      return preview;
    },
    linkFolder: async ({ root }) => {
      if (!chosen.has(root)) throw new Error('Choose the folder first.');
      await agent.request('linkFolder', { root });
    },
    unlinkFolder: async ({ root }) => void (await agent.request('unlinkFolder', { root })),
  };
}

function accountHandlers({
  agent,
  status,
  onSignIn,
}: HandlersOptions): Part<'status' | 'signIn' | 'cancelSignIn' | 'signOut' | 'pause' | 'setAllowRuns'> {
  return {
    status,
    signIn: async ({ server }) => {
      if (!isSafeServer(server))
        return { ok: false, message: 'Sign in to an https:// address: your password and keys must not travel in the open.' };
      onSignIn(server);
      try {
        return (await agent.request('signIn', { server })) as MethodOutput<'signIn'>;
      } finally {
        onSignIn(null);
      }
    },
    cancelSignIn: async () => void (await agent.request('cancelSignIn', null)),
    signOut: async () => void (await agent.request('signOut', null)),
    pause: async ({ paused }) => void (await agent.request('pause', { paused })),
    setAllowRuns: async ({ allow }) => void (await agent.request('setAllowRuns', { allow })),
  };
}

function settingsHandlers(options: HandlersOptions): Part<'settings' | 'setOpenAtLogin' | 'acceptPlainTokens' | 'openLink'> {
  const { electron, preferences, tokens, loginItem, agent } = options;
  return {
    settings: async () => ({
      openAtLogin: await loginItem.get(),
      canOpenAtLogin: loginItem.possible,
      tokens: await tokens.safety(),
      plainTokens: { only: await tokens.plainOnly(), accepted: preferences.now.acceptPlainTokens },
      server: agentStatus.parse(await agent.request('status', null)).account?.server ?? 'https://markco.dev',
      version: electron.app.getVersion(),
    }),
    setOpenAtLogin: async ({ open }) => {
      if (loginItem.possible) await loginItem.set(open);
      return { open: await loginItem.get() };
    },
    acceptPlainTokens: async ({ accept }) => {
      await preferences.set({ acceptPlainTokens: accept });
      await tokens.settle();
    },
    openLink: async ({ url }) => ({ opened: await openLink(url, (safe) => electron.shell.openExternal(safe)) }),
  };
}

/** The folder's own methods are the agent's. */
function workspaceHandlers({ agent }: HandlersOptions): Part<WorkspaceMethod> {
  const entries = WORKSPACE_METHODS.map((method) => [
    method,
    (input: MethodInput<WorkspaceMethod>) => agent.request('workspace', { method, input }),
  ]);
  return Object.fromEntries(entries) as Part<WorkspaceMethod>;
}
