import type { Tray } from 'electron';
import type { AgentStatus } from '../protocol/ipc-contract.ts';
import type { ElectronParts } from './electron-parts.ts';
import { type TrayItem, trayLine, trayMenu } from './tray-model.ts';

type Actions = Record<NonNullable<TrayItem['action']>, () => void>;

/** EL4: the icon beside the clock: how things stand, and open, pause, sign in, quit. */
export class AppTray {
  readonly #electron: Pick<ElectronParts, 'Menu'>;
  readonly #tray: Tray;
  readonly #actions: Actions;

  constructor(electron: Pick<ElectronParts, 'Menu' | 'Tray' | 'nativeImage'>, icon: string, actions: Actions) {
    this.#electron = electron;
    this.#actions = actions;
    this.#tray = new electron.Tray(electron.nativeImage.createFromPath(icon).resize({ width: 18, height: 18 }));
    this.#tray.on('click', actions.open);
  }

  show(status: AgentStatus): void {
    this.#tray.setToolTip(`MarkCo: ${trayLine(status)}`);
    const items = trayMenu(status).map(({ label, action }) =>
      action ? { label, click: this.#actions[action] } : { label, enabled: false },
    );
    this.#tray.setContextMenu(this.#electron.Menu.buildFromTemplate(items));
  }
}
