const KEY = 'markco-opened';
const ENOUGH = 2;

/** Counts a document that was opened in this browser. */
export function noteOpened(): void {
  localStorage.setItem(KEY, String(Number(localStorage.getItem(KEY) ?? 0) + 1));
}

/** True when the person has come back to documents here at least twice. */
export const hadFirstValue = (): boolean => Number(localStorage.getItem(KEY) ?? 0) >= ENOUGH;
