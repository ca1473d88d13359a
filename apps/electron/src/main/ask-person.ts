import type { ElectronParts } from './electron-parts.ts';
import type { PreferencesFile } from './preferences.ts';

/** EL4: said once, when the window is closed for the first time. */
export async function explainClosing(
  electron: Pick<ElectronParts, 'Notification' | 'dialog'>,
  preferences: PreferencesFile,
): Promise<void> {
  if (preferences.now.closeExplained) return;
  await preferences.set({ closeExplained: true });
  const title = 'MarkCo goes on in the background';
  const body = 'Your folders stay in step and runs go on. Open or quit MarkCo with its icon beside the clock.';
  if (electron.Notification.isSupported()) new electron.Notification({ title, body }).show();
  else await electron.dialog.showMessageBox({ type: 'info', message: title, detail: body, buttons: ['OK'] });
}

/** EL4: asked once, when there is an account. Resolves with the answer; null where it was asked before. */
export async function askAllowRuns(electron: Pick<ElectronParts, 'dialog'>, preferences: PreferencesFile): Promise<boolean | null> {
  if (preferences.now.askedAllowRuns) return null;
  // Set before the answer: two statuses in a row must not ask twice.
  const kept = preferences.set({ askedAllowRuns: true });
  const { response } = await electron.dialog.showMessageBox({
    type: 'question',
    message: 'Allow runs from your other devices?',
    detail:
      'Cells you run on your phone or on the web then execute on this computer, with your files and packages. You can change this in the settings.',
    buttons: ['Allow', 'Not now'],
    defaultId: 0,
    cancelId: 1,
  });
  await kept;
  return response === 0;
}
