import type { ElectronParts } from './electron-parts.ts';

const EVERY_MS = 6 * 60 * 60_000;

export interface AutoUpdateOptions {
  autoUpdater: ElectronParts['autoUpdater'];
  /** EL6: none, and nothing is ever looked for. */
  feedUrl: string | undefined;
  packaged: boolean;
  platform: NodeJS.Platform;
  warn: (message: string) => void;
}

/**
 * EL6: looks for updates where a feed is named, every six hours; they are taken at the next start. Electron's own updater knows macOS only
 * for the packages we build (dmg and zip); NSIS, AppImage and deb are updated by hand. True where it is on.
 */
export function startAutoUpdate({ autoUpdater, feedUrl, packaged, platform, warn }: AutoUpdateOptions): boolean {
  if (!feedUrl || !packaged) return false;
  if (platform !== 'darwin') {
    warn('This package is not updated by itself on this system. Download new versions by hand.');
    return false;
  }
  autoUpdater.on('error', (error) => warn(`Looking for an update failed: ${error.message}`));
  autoUpdater.setFeedURL({ url: feedUrl, serverType: 'json' });
  autoUpdater.checkForUpdates();
  setInterval(() => autoUpdater.checkForUpdates(), EVERY_MS).unref();
  return true;
}
