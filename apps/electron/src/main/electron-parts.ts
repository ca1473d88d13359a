/** The parts of Electron that main uses, as one value, so that a test can stand in for them. */
export type ElectronParts = Pick<
  typeof import('electron'),
  | 'app'
  | 'autoUpdater'
  | 'BrowserWindow'
  | 'dialog'
  | 'ipcMain'
  | 'Menu'
  | 'nativeImage'
  | 'Notification'
  | 'powerMonitor'
  | 'powerSaveBlocker'
  | 'protocol'
  | 'safeStorage'
  | 'session'
  | 'shell'
  | 'Tray'
  | 'utilityProcess'
>;

/** Where the built files lie. */
export interface DistPaths {
  /** The folder of renderer files. */
  renderer: string;
  preload: string;
  agent: string;
  icon: string;
}
