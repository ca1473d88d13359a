import { EventEmitter } from 'node:events';
import { vi } from 'vitest';
import type { ElectronParts } from '../src/main/electron-parts.ts';

type Listener = (event: { senderFrame: { url: string; parent: unknown } | null }, input: unknown) => Promise<unknown>;

/** A window that notes what is done with it. */
export class FakeWindow extends EventEmitter {
  readonly options: unknown;
  readonly loaded: string[] = [];
  readonly sent: [string, unknown][] = [];
  shown = 0;
  reloaded = 0;
  openHandler: ((details: { url: string }) => { action: string }) | null = null;
  readonly webContents = Object.assign(new EventEmitter(), {
    isDestroyed: () => false,
    send: (channel: string, value: unknown) => this.sent.push([channel, value]),
    setWindowOpenHandler: (handler: (details: { url: string }) => { action: string }) => {
      this.openHandler = handler;
    },
  });
  constructor(options: unknown) {
    super();
    this.options = options;
  }
  loadURL = async (url: string): Promise<void> => void this.loaded.push(url);
  isMinimized = (): boolean => false;
  restore = (): void => undefined;
  show = (): void => void this.shown++;
  focus = (): void => undefined;
  reload = (): void => void this.reloaded++;
}

/** The agent's process as main sees it. `answers`: what it says to a request, by method. */
export class FakeAgent extends EventEmitter {
  readonly requests: { id: number; method: string; args: unknown }[] = [];
  answers: Record<string, (args: unknown) => unknown> = {};
  postMessage(message: { id: number; method: string; args: unknown }): void {
    this.requests.push(message);
    if (message.method === 'told') return;
    const answer = this.answers[message.method];
    queueMicrotask(() => {
      this.emit('message', { type: 'answer', id: message.id, value: answer?.(message.args) });
      if (message.method === 'stop') this.emit('exit', 0);
    });
  }
  kill = (): boolean => this.emit('exit', 9);
  push = (push: string, value: unknown): boolean => this.emit('message', { type: 'push', push, value });
  asked = (method: string): unknown[] => this.requests.filter((request) => request.method === method).map(({ args }) => args);
}

/** Everything a test looks at or steers of {@link fakeElectron}. */
export function fakeElectron(userData: string) {
  const windows: FakeWindow[] = [];
  const agents: FakeAgent[] = [];
  const forks: unknown[][] = [];
  const ipc = new Map<string, Listener>();
  const menus: { label: string; enabled?: boolean; click?: () => void }[][] = [];
  const tray = { tip: '' };
  const notifications: { title: string }[] = [];
  const permissions: { request?: (...args: unknown[]) => void; check?: (...args: unknown[]) => boolean; device?: () => boolean } = {};
  const power = { battery: false, blockers: new Set<number>(), next: 1 };
  const handled = new Map<string, (request: Request) => Promise<Response>>();
  const answer = { dialog: 0, notificationsSupported: true, packaged: false };
  const spies = {
    openExternal: vi.fn(async (_url: string) => undefined),
    messageBox: vi.fn(async (_options: unknown) => ({ response: answer.dialog, checkboxChecked: false })),
    openDialog: vi.fn(async () => ({ canceled: false, filePaths: ['/picked'] })),
    quit: vi.fn(),
    setLoginItem: vi.fn(),
    setFeedURL: vi.fn(),
    checkForUpdates: vi.fn(),
  };
  const app = Object.assign(new EventEmitter(), {
    ...{ getPath: (name: string) => (name === 'userData' ? userData : `/${name}`), getVersion: () => '0.1.0', quit: spies.quit },
    ...{ getLoginItemSettings: () => ({ openAtLogin: false }), setLoginItemSettings: spies.setLoginItem },
  });
  Object.defineProperty(app, 'isPackaged', { get: () => answer.packaged });
  class Notification {
    static isSupported = (): boolean => answer.notificationsSupported;
    constructor(options: { title: string }) {
      notifications.push(options);
    }
    show = (): void => undefined;
  }
  const powerMonitor = Object.assign(new EventEmitter(), { isOnBatteryPower: () => power.battery });
  const fork = (...args: unknown[]): FakeAgent => {
    forks.push(args);
    const agent = new FakeAgent();
    agents.push(agent);
    return agent;
  };
  const fakes = {
    ...{ app, powerMonitor, Notification },
    autoUpdater: Object.assign(new EventEmitter(), { setFeedURL: spies.setFeedURL, checkForUpdates: spies.checkForUpdates }),
    BrowserWindow: class extends FakeWindow {
      constructor(options: unknown) {
        super(options);
        windows.push(this);
      }
    },
    dialog: { showMessageBox: spies.messageBox, showOpenDialog: spies.openDialog },
    ipcMain: { handle: (channel: string, listener: Listener) => ipc.set(channel, listener) },
    Menu: { buildFromTemplate: (items: (typeof menus)[number]) => menus.push(items) },
    nativeImage: { createFromPath: () => ({ resize: () => ({}) }) },
    powerSaveBlocker: {
      start: () => power.blockers.add(power.next) && power.next++,
      stop: (id: number) => power.blockers.delete(id),
    },
    protocol: { handle: (scheme: string, handler: (request: Request) => Promise<Response>) => handled.set(scheme, handler) },
    safeStorage: {
      isAsyncEncryptionAvailable: async () => true,
      encryptStringAsync: async (text: string) => Buffer.from([...text].reverse().join('')),
      decryptStringAsync: async (bytes: Buffer) => ({ result: [...bytes.toString()].reverse().join('') }),
      getSelectedStorageBackend: () => 'gnome_libsecret',
    },
    session: {
      defaultSession: {
        setPermissionRequestHandler: (handler: never) => {
          permissions.request = handler;
        },
        setPermissionCheckHandler: (handler: never) => {
          permissions.check = handler;
        },
        setDevicePermissionHandler: (handler: never) => {
          permissions.device = handler;
        },
      },
    },
    shell: { openExternal: spies.openExternal },
    Tray: class extends EventEmitter {
      setToolTip = (tip: string): void => {
        tray.tip = tip;
      };
      setContextMenu = (): void => undefined;
    },
    utilityProcess: { fork },
  };
  const electron = fakes as unknown as ElectronParts;
  return {
    electron,
    app,
    powerMonitor,
    windows,
    agents,
    forks,
    ipc,
    menus,
    tray,
    notifications,
    permissions,
    power,
    handled,
    answer,
    spies,
  };
}
