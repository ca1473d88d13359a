'use client';

import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { isAppPath } from './is-app-path.ts';
import { tellAddress } from './use-address.ts';

/**
 * Goes to another screen without asking the server (WB3): Next.js follows the history, the shell draws what the address
 * says. Works the same without a network.
 */
export function go(href: string, options: { replace?: boolean } = {}): void {
  if (!isAppPath(href)) {
    window.location.assign(href);
    return;
  }
  if (options.replace) window.history.replaceState(null, '', href);
  else window.history.pushState(null, '', href);
  tellAddress();
}

/** A link inside the app. New tabs, downloads and modified clicks stay the browser's. */
export function Link({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
    window.scrollTo(0, 0);
  };
  return <a {...rest} href={href} onClick={follow} />;
}
