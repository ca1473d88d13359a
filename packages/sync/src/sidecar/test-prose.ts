/** A change of a text: at `at`, `remove` UTF-16 units go and `insert` comes. */
export interface TextChange {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** What is typed around a token: scripts, emoji of several code points, and every kind of line end. None of it has the tokens' letters. */
export const PROSE = [
  'plain words ',
  'ñ ß e\u0301 ',
  '👩‍👩‍👧‍👦🎉',
  'שלום ',
  'かな ',
  '\n',
  'line\r\n',
  '\r\n\r\n# Title\r\n',
  '```python\nprint("𝒳")\n```\n',
  '',
];

const FIRST = 0x4e00;
const LAST = 0x9fff;
const LENGTH = 3;

/**
 * Letters that no other token has, between brackets: what a merge did to it shows, and it is never part of another word. At most some 7,000 a
 * document.
 */
export function tokenAt(n: number): string {
  const first = FIRST + LENGTH * n;
  if (first + LENGTH - 1 > LAST) throw new Error('There are no more letters for another token.');
  return String.fromCharCode(first, first + 1, first + 2);
}

/** How often a token is in the text, whole. */
export const timesIn = (text: string, token: string): number => text.split(token).length - 1;

/** The tokens in a text, in order. */
export function tokensIn(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; at++) {
    if (letterOf(text, at) !== 0) continue;
    tokens.push(text.slice(at, at + LENGTH));
  }
  return tokens;
}

/** An offset at this share of the text, moved back out of a token or a surrogate pair. */
export function spotIn(text: string, share: number): number {
  const at = Math.floor(share * text.length);
  const letter = letterOf(text, at);
  if (letter > 0) return at - letter;
  return splitsPair(text, at) ? at - 1 : at;
}

/** At most `length` units from there, with no token or pair in part. */
export function spanIn(text: string, share: number, length: number): { at: number; remove: number } {
  const at = spotIn(text, share);
  let end = Math.min(text.length, at + length);
  const letter = letterOf(text, end);
  if (letter > 0) end += LENGTH - letter;
  if (splitsPair(text, end)) end++;
  return { at, remove: end - at };
}

/** The text after a change. */
export const changed = (text: string, { at, remove, insert }: TextChange): string => text.slice(0, at) + insert + text.slice(at + remove);

/** Which letter of its token stands there, -1 where none does. */
function letterOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= FIRST && code <= LAST ? (code - FIRST) % LENGTH : -1;
}

function splitsPair(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
