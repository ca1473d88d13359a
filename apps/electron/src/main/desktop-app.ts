import path from 'node:path';
import type { z } from 'zod';
import type { AgentPush, AgentQuestion, agentStart } from '../protocol/agent-port.ts';
import { type AgentStatus, agentStatus } from '../protocol/ipc-contract.ts';
import { workspacePush } from '../protocol/workspace-methods.ts';
import { AgentProcess } from './agent-process.ts';
import { answerAppRequest, PAGE_URL, SCHEME } from './app-protocol.ts';
import { AppTray } from './app-tray.ts';
import { askAllowRuns, explainClosing } from './ask-person.ts';
import { startAutoUpdate } from './auto-update.ts';
import type { DistPaths, ElectronParts } from './electron-parts.ts';
import type { DesktopEnv } from './env.ts';
import { handleIpc } from './handle-ipc.ts';
import { autostartFile, HIDDEN, systemLoginItem } from './login-item.ts';
import { denyPermissions, MainWindow } from './main-window.ts';
import { makeHandlers } from './make-handlers.ts';
import { openSignInPage } from './open-link.ts';
import { followPower, WakeLock } from './power.ts';
import { PreferencesFile } from './preferences.ts';
import { privateFile } from './private-file.ts';
import { TokenStore } from './token-store.ts';

export interface DesktopAppOptions {
  electron: ElectronParts;
  dist: DistPaths;
  env: DesktopEnv;
  platform: NodeJS.Platform;
  argv: readonly string[];
  warn: (message: string) => void;
}

const STARTING: AgentStatus = {
  ...{ state: 'starting', pending: 0, unsent: 0, runningFor: null, account: null, allowRuns: false, folders: [], relay: null },
};

/** The desktop app behind Electron's own events: window, tray, IPC, power, and the agent in its process (EL1–EL6). */
export class DesktopApp {
  readonly #o: DesktopAppOptions;
  readonly #preferences: PreferencesFile;
  readonly #tokens: TokenStore;
  readonly #agent: AgentProcess;
  readonly #window: MainWindow;
  #tray: AppTray | null = null;
  #wakeLock: WakeLock | null = null;
  #status = STARTING;
  #signingInTo: string | null = null;
  #quitting = false;

  constructor(options: DesktopAppOptions) {
    this.#o = options;
    const { electron, dist, warn } = options;
    const userData = electron.app.getPath('userData');
    this.#preferences = new PreferencesFile(privateFile(path.join(userData, 'preferences.json')));
    const acceptPlain = () => this.#preferences.now.acceptPlainTokens;
    this.#tokens = new TokenStore(electron.safeStorage, privateFile(path.join(userData, 'tokens.bin')), acceptPlain);
    this.#agent = new AgentProcess({
      fork: () => this.#fork(),
      onPush: (push) => this.#take(push),
      answer: (question, value) => this.#answer(question, value),
      onDown: (code, restartInMs) => {
        warn(`the agent's process ended with ${code}; it starts again in ${restartInMs} ms`);
        this.#show(STARTING);
      },
    });
    this.#window = new MainWindow(electron, dist.preload, () => {
      if (!this.#quitting) void explainClosing(electron, this.#preferences).catch(() => undefined);
    });
  }

  /** Call once Electron is ready. */
  async start(): Promise<void> {
    const { electron, dist, argv, env, platform, warn } = this.#o;
    await this.#preferences.load();
    denyPermissions(electron.session.defaultSession);
    electron.protocol.handle(SCHEME, (request) => answerAppRequest(request, dist.renderer));
    handleIpc(electron.ipcMain as never, PAGE_URL, this.#handlers());
    this.#tray = new AppTray(electron, dist.icon, {
      open: () => this.#window.show(),
      signIn: () => this.#window.show(),
      pause: () => this.#ask('pause', { paused: true }),
      resume: () => this.#ask('pause', { paused: false }),
      quit: () => electron.app.quit(),
    });
    this.#wakeLock = new WakeLock(electron);
    followPower(electron.powerMonitor, {
      sleep: () => this.#ask('sleep', null),
      wake: () => this.#ask('wake', null),
      quit: () => electron.app.quit(),
    });
    this.#followApp();
    this.#show(STARTING);
    this.#agent.start();
    startAutoUpdate({
      autoUpdater: electron.autoUpdater,
      feedUrl: env.MARKCO_UPDATE_URL,
      packaged: electron.app.isPackaged,
      platform,
      warn,
    });
    if (!argv.includes(HIDDEN)) this.#window.show();
  }

  #followApp(): void {
    const { app } = this.#o.electron;
    app.on('second-instance', () => this.#window.show());
    app.on('activate', () => this.#window.show());
    // EL4: without a listener Electron would quit, and the agent with it.
    app.on('window-all-closed', () => undefined);
    app.on('before-quit', (event) => {
      if (this.#quitting) return;
      this.#quitting = true;
      event.preventDefault();
      void this.#agent.stop().finally(() => app.quit());
    });
  }

  #handlers() {
    const { electron, env, platform } = this.#o;
    const { app } = electron;
    const configFolder = env.XDG_CONFIG_HOME ?? path.join(app.getPath('home'), '.config');
    const executable = env.APPIMAGE ?? app.getPath('exe');
    return makeHandlers({
      ...{ electron, agent: this.#agent, preferences: this.#preferences, tokens: this.#tokens },
      loginItem: platform === 'linux' ? autostartFile({ configFolder, executable, packaged: app.isPackaged }) : systemLoginItem(app),
      status: async () => this.#status,
      onSignIn: (server) => {
        this.#signingInTo = server;
      },
    });
  }

  #fork() {
    const { electron, dist, env } = this.#o;
    const start: z.input<typeof agentStart> = {
      dir: path.join(electron.app.getPath('userData'), 'agent'),
      logLevel: env.LOG_LEVEL,
      ...(env.MARKCO_DEVICE_NAME && { deviceName: env.MARKCO_DEVICE_NAME }),
    };
    return electron.utilityProcess.fork(dist.agent, [JSON.stringify(start)], { serviceName: 'MarkCo agent', stdio: 'inherit' });
  }

  async #answer(question: AgentQuestion, value: unknown): Promise<unknown> {
    if (question === 'loadTokens') return this.#tokens.load();
    if (question === 'saveTokens') return this.#tokens.save(String(value));
    return this.#tokens.clear();
  }

  #take({ push, value }: AgentPush): void {
    if (push === 'workspace') this.#window.push('workspace', workspacePush.parse(value));
    else if (push === 'openBrowser') void this.#openBrowser((value as { url: string }).url);
    else if (push === 'failed') this.#o.warn(`the agent could not start: ${(value as { message: string }).message}`);
    else this.#takeStatus(agentStatus.parse(value));
  }

  #takeStatus(status: AgentStatus): void {
    this.#show(status);
    void this.#decideAllowRuns(status).catch(() => undefined);
  }

  /** EL1: the person's own browser; only the server they named. */
  async #openBrowser(url: string): Promise<void> {
    const { electron } = this.#o;
    const opened = await openSignInPage(url, this.#signingInTo ?? '', (safe) => electron.shell.openExternal(safe)).catch(() => false);
    if (!opened) this.#ask('cancelSignIn', null);
  }

  /** EL4: nobody's runs before the person was asked. */
  async #decideAllowRuns(status: AgentStatus): Promise<void> {
    if (this.#preferences.now.askedAllowRuns) return;
    if (status.allowRuns) this.#ask('setAllowRuns', { allow: false });
    if (!status.account || status.state === 'needs_sign_in') return;
    const allow = await askAllowRuns(this.#o.electron, this.#preferences);
    if (allow !== null) this.#ask('setAllowRuns', { allow });
  }

  #show(status: AgentStatus): void {
    this.#status = status;
    this.#tray?.show(status);
    this.#wakeLock?.show(status);
    this.#window.push('status', status);
  }

  #ask(method: Parameters<AgentProcess['request']>[0], args: unknown): void {
    this.#agent.request(method, args).catch((error: Error) => this.#o.warn(`${method}: ${error.message}`));
  }
}
