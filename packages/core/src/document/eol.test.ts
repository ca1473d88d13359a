import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectShape, toDocument, toFile } from './eol.ts';

describe('text shape', () => {
  it.each([
    ['', { bom: false, eol: '\n', finalNewline: false }],
    ['a\nb\n', { bom: false, eol: '\n', finalNewline: true }],
    ['\ufeffa\r\nb', { bom: true, eol: '\r\n', finalNewline: false }],
    ['a\r\nb\n', { bom: false, eol: 'mixed', finalNewline: true }],
    ['a\rb', { bom: false, eol: 'mixed', finalNewline: false }],
  ])('FB6: %j', (text, shape) => {
    expect(detectShape(text)).toEqual(shape);
  });

  it('FB6: a file that nobody changed comes back to the byte', () => {
    const part = fc.constantFrom('a', '\n', '\r\n', '\r', '\ufeff', 'é', '😀', '\n\n', '');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(part).map((parts) => parts.join('')),
          fc.array(fc.constantFrom('a', '\r\n')).map((parts) => parts.join('')),
        ),
        (file) => {
          const shape = detectShape(file);
          expect(toFile(toDocument(file, shape), shape)).toBe(file);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('FB6: the document of a CRLF file has plain line ends, and what is typed there is written as CRLF', () => {
    const shape = detectShape('\ufeffa\r\nb\r\n');
    expect(toDocument('\ufeffa\r\nb\r\n', shape)).toBe('a\nb\n');
    expect(toFile('a\nnew\nb\r\n', shape)).toBe('\ufeffa\r\nnew\r\nb\r\n');
  });
});
