import type { BrowserWindowConstructorOptions } from 'electron';

/** EL5: what every window of ours is made with. */
export const windowOptions = (preload: string): BrowserWindowConstructorOptions => ({
  width: 1280,
  height: 860,
  minWidth: 380,
  minHeight: 480,
  show: false,
  title: 'MarkCo',
  webPreferences: {
    preload,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    spellcheck: true,
  },
});

/**
 * The window's content security policy: own scripts only; connections only to the local relay; outputs live in sandboxed
 * frames without a network (WB7).
 * @param relayOrigin e.g. `ws://127.0.0.1:53211`
 */
export const contentSecurityPolicy = (relayOrigin: string | null): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob: markco-asset:",
    "font-src 'self' data:",
    `connect-src 'self'${relayOrigin ? ` ${relayOrigin}` : ''}`,
    "frame-src 'self' data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
  ].join('; ');
