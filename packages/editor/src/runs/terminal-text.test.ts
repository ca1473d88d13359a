import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendTerminal, emptyTerminal, KEPT_LINES } from './terminal-text.ts';

const shown = (...pieces: string[]): string => pieces.reduce(appendTerminal, emptyTerminal()).lines.join('\n');

describe('terminal text', () => {
  it('WB6: a carriage return redraws the line', () => {
    expect(shown('  0%\r 50%\r', '100%\ndone')).toBe('100%\ndone');
    expect(shown('abcdef\rXY')).toBe('XYcdef');
  });
  it('keeps line ends of Windows', () => expect(shown('a\r\nb\r\n')).toBe('a\nb\n'));
  it('a carriage return and its line feed may come in two pieces', () => expect(shown('a\r', '\nb')).toBe('a\nb'));
  it('WB6: nested progress bars move up and redraw', () =>
    expect(shown('outer 0\ninner 0', '\x1b[A\router 1\n\rinner 1')).toBe('outer 1\ninner 1'));
  it('keeps colours', () => expect(shown('\x1b[31mred\x1b[0m')).toBe('\x1b[31mred\x1b[0m'));
  it('an erased line is empty before it is written again', () => expect(shown('long text\r\x1b[Kok')).toBe('ok'));
  it('RU21: keeps the tail of a long stream and counts the rest', () => {
    const text = appendTerminal(emptyTerminal(), Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join(''));
    expect(text.lines.length).toBe(KEPT_LINES);
    expect(text.dropped).toBe(200_001 - KEPT_LINES);
    expect(text.lines.at(-2)).toBe('line 199999');
  });
  it('how a stream is cut into pieces does not matter', () => {
    const alphabet = fc.constantFrom('a', 'b', ' ', '\n', '\r');
    fc.assert(
      fc.property(fc.array(fc.array(alphabet).map((chars) => chars.join(''))), (pieces) => {
        // A lone "\r" right before "\n" is told apart only within one piece.
        const apart = pieces.some(
          (piece, i) =>
            piece.endsWith('\r') &&
            pieces
              .slice(i + 1)
              .join('')
              .startsWith('\n'),
        );
        fc.pre(!apart);
        expect(shown(...pieces)).toBe(shown(pieces.join('')));
      }),
    );
  });
});
