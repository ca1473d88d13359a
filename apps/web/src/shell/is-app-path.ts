import { matchScreen } from './match-screen.ts';

/** True for addresses the shell draws itself. */
export const isAppPath = (href: string): boolean => href.startsWith('/') && matchScreen(href.split(/[?#]/, 1)[0]!) !== null;
