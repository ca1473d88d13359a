import { forgetBrowserData } from './forget-browser-data.ts';

const KEY = 'markco-person';

/** Remembers whose data this browser keeps. True when it was somebody else's, which is gone now. */
export async function keepForPerson(userId: string): Promise<boolean> {
  const before = localStorage.getItem(KEY);
  if (before === userId) return false;
  if (before !== null) await forgetBrowserData();
  localStorage.setItem(KEY, userId);
  return before !== null;
}
