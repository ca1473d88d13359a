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

/** WB7: what the frame of an output may do: an opaque origin, scripts of its own, no network. */
export const OUTPUT_FRAME_POLICY = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval'",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  'media-src data: blob:',
  "frame-ancestors 'self'",
].join('; ');
