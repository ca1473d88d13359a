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
 * The window's content security policy: own scripts only; connections to this computer's own relay only, whose port is another after each
 * start of the agent and which asks for a secret (AG3); pictures as notebooks link them; outputs live in frames of their own without a network (WB7).
 */
export const contentSecurityPolicy = (): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob: https:",
    "media-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self' ws://127.0.0.1:*",
    "frame-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
  ].join('; ');
