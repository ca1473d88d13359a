/** Length of a string in UTF-8 bytes; a lone surrogate counts as U+FFFD (3 bytes). */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

/** The longest start of the text that has at most `maxBytes` UTF-8 bytes and splits no character. */
export function sliceUtf8(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  while (end < text.length) {
    const unit = text.charCodeAt(end);
    const pair = isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(end + 1));
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : pair ? 4 : 3;
    if (bytes > maxBytes) break;
    end += pair ? 2 : 1;
  }
  return text.slice(0, end);
}

/** The longest end of the text that has at most `maxBytes` UTF-8 bytes and splits no character. */
export function sliceUtf8End(text: string, maxBytes: number): string {
  let bytes = 0;
  let start = text.length;
  while (start > 0) {
    const unit = text.charCodeAt(start - 1);
    const pair = isLowSurrogate(unit) && isHighSurrogate(text.charCodeAt(start - 2));
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : pair ? 4 : 3;
    if (bytes > maxBytes) break;
    start -= pair ? 2 : 1;
  }
  return text.slice(start);
}

/** `text.slice(from, to)` with an end that splits no surrogate pair. */
export function sliceSafe(text: string, from: number, to: number): string {
  return text.slice(from, splitsPair(text, to) ? to - 1 : to);
}

/** True when the offset lies between the two halves of a surrogate pair. */
export function splitsPair(text: string, offset: number): boolean {
  return isHighSurrogate(text.charCodeAt(offset - 1)) && isLowSurrogate(text.charCodeAt(offset));
}

const WORD_UNIT = /[\p{L}\p{M}\p{N}\p{Cs}_]/u;

/** True for a UTF-16 unit that is, or is half of, a letter, mark, digit, '_' or a character beyond the first plane. */
export function isWordUnit(unit: number): boolean {
  return WORD_UNIT.test(String.fromCharCode(unit));
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
