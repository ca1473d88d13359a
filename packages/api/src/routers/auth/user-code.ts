import { randomInt } from 'node:crypto';

// RFC 8628, 6.1: no vowels, so no words; nothing that is mistaken for a digit.
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';

/** A code that a person types: `WDJB-MJHT`, 34 bits. */
export function newUserCode(): string {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** The code as stored, from however it was typed; null where it cannot be one. */
export function readUserCode(typed: string): string | null {
  const letters = typed.toUpperCase().replace(/[^A-Z]/g, '');
  return letters.length === 8 ? `${letters.slice(0, 4)}-${letters.slice(4)}` : null;
}
