import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ElectronParts } from './electron-parts.ts';

/** EL4: starting at login, which nobody gets without asking for it. */
export interface LoginItem {
  readonly possible: boolean;
  get(): Promise<boolean>;
  set(open: boolean): Promise<void>;
}

/** Started this way, no window opens. */
export const HIDDEN = '--hidden';

/** macOS and Windows have a setting for it. An app that is not packaged would start Electron itself, so there it is not offered. */
export function systemLoginItem(
  app: Pick<ElectronParts['app'], 'getLoginItemSettings' | 'setLoginItemSettings' | 'isPackaged'>,
): LoginItem {
  return {
    possible: app.isPackaged,
    get: async () => app.getLoginItemSettings({ args: [HIDDEN] }).openAtLogin,
    set: async (open) => app.setLoginItemSettings({ openAtLogin: open, args: [HIDDEN] }),
  };
}

/** Linux desktops start what lies in the autostart folder. */
export function autostartFile(options: { configFolder: string; executable: string; packaged: boolean }): LoginItem {
  const file = path.join(options.configFolder, 'autostart', 'markco.desktop');
  const entry = [
    '[Desktop Entry]',
    'Type=Application',
    'Name=MarkCo',
    `Exec="${options.executable.replace(/["`$\\]/g, '\\$&')}" ${HIDDEN}`,
    'Terminal=false',
    '',
  ].join('\n');
  return {
    possible: options.packaged,
    get: () =>
      readFile(file, 'utf8').then(
        (text) => text === entry,
        () => false,
      ),
    set: async (open) => {
      if (!open) return rm(file, { force: true });
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, entry);
    },
  };
}
