import type { AgentStatus } from '../protocol/ipc-contract.ts';
import type { ElectronParts } from './electron-parts.ts';

/** EL4: holds sleep off only while a run of another device goes on here and the computer is plugged in. */
export class WakeLock {
  readonly #electron: Pick<ElectronParts, 'powerMonitor' | 'powerSaveBlocker'>;
  #id: number | null = null;
  #running = false;

  constructor(electron: Pick<ElectronParts, 'powerMonitor' | 'powerSaveBlocker'>) {
    this.#electron = electron;
    electron.powerMonitor.on('on-ac', () => this.#settle());
    electron.powerMonitor.on('on-battery', () => this.#settle());
  }

  show(status: Pick<AgentStatus, 'runningFor'>): void {
    this.#running = status.runningFor !== null;
    this.#settle();
  }

  #settle(): void {
    const { powerMonitor, powerSaveBlocker } = this.#electron;
    const wanted = this.#running && !powerMonitor.isOnBatteryPower();
    if (wanted && this.#id === null) this.#id = powerSaveBlocker.start('prevent-app-suspension');
    else if (!wanted && this.#id !== null) {
      powerSaveBlocker.stop(this.#id);
      this.#id = null;
    }
  }
}

/** AG2: other devices see at once that this computer sleeps, and that it is back. */
export function followPower(powerMonitor: ElectronParts['powerMonitor'], tell: { sleep(): void; wake(): void; quit(): void }): void {
  powerMonitor.on('suspend', tell.sleep);
  powerMonitor.on('resume', tell.wake);
  powerMonitor.on('shutdown', tell.quit);
}
