/** The parts of Electron's IPC event the check needs. */
export interface SenderFrame {
  url: string;
  parent: unknown;
}

/** EL5: only the top frame of our own page may call; a page that was navigated or embedded may not. */
export function isTrustedSender(frame: SenderFrame | null, pageUrl: string): boolean {
  if (!frame || frame.parent !== null) return false;
  try {
    const from = new URL(frame.url);
    const page = new URL(pageUrl);
    return from.protocol === page.protocol && from.host === page.host && from.pathname === page.pathname;
  } catch {
    return false;
  }
}
