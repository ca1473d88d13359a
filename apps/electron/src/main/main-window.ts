import type { BrowserWindow } from 'electron';
import { type PushName, pushChannelOf } from '../protocol/channels.ts';
import type { PushValue } from '../protocol/ipc-contract.ts';
import { PAGE_URL } from './app-protocol.ts';
import type { ElectronParts } from './electron-parts.ts';
import { openLink } from './open-link.ts';
import { windowOptions } from './window-options.ts';

/** The one window: made when wanted, gone when closed; the agent does not need it (EL4). */
export class MainWindow {
  readonly #electron: Pick<ElectronParts, 'BrowserWindow' | 'shell'>;
  readonly #preload: string;
  readonly #onClosed: () => void;
  #window: BrowserWindow | null = null;

  constructor(electron: Pick<ElectronParts, 'BrowserWindow' | 'shell'>, preload: string, onClosed: () => void) {
    this.#electron = electron;
    this.#preload = preload;
    this.#onClosed = onClosed;
  }

  get open(): boolean {
    return this.#window !== null;
  }

  /** Makes the window, or brings it to the front. */
  show(): void {
    const window = this.#window ?? this.#make();
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  /** To the page, where there is one. */
  push<P extends PushName>(push: P, value: PushValue<P>): void {
    const contents = this.#window?.webContents;
    if (contents && !contents.isDestroyed()) contents.send(pushChannelOf(push), value);
  }

  #make(): BrowserWindow {
    const window = new this.#electron.BrowserWindow(windowOptions(this.#preload));
    this.#window = window;
    const { webContents } = window;
    // EL5: the window shows our page and no other; links go to the person's browser.
    webContents.on('will-navigate', (event) => event.preventDefault());
    webContents.on('will-redirect', (event) => event.preventDefault());
    webContents.on('will-attach-webview', (event) => event.preventDefault());
    webContents.setWindowOpenHandler(({ url }) => {
      void openLink(url, (safe) => this.#electron.shell.openExternal(safe)).catch(() => undefined);
      return { action: 'deny' };
    });
    webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason !== 'clean-exit') window.reload();
    });
    window.on('closed', () => {
      this.#window = null;
      this.#onClosed();
    });
    void window.loadURL(PAGE_URL);
    return window;
  }
}

/** EL5: a page may put text on the clipboard, and asks for nothing else. */
export function denyPermissions(session: ElectronParts['session']['defaultSession']): void {
  const allowed = (permission: string): boolean => permission === 'clipboard-sanitized-write';
  session.setPermissionRequestHandler((_contents, permission, decide) => decide(allowed(permission)));
  session.setPermissionCheckHandler((_contents, permission) => allowed(permission));
  session.setDevicePermissionHandler(() => false);
}
