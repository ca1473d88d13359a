import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogLines, logText } from './log-text.ts';

describe('LogLines (WB6: progress bars redraw, the log stays bounded in the page)', () => {
  it('joins pieces of a line and begins it anew at a carriage return', () => {
    const log = new LogLines();
    for (const piece of ['10', '%\r50%', '\r100%\ndone', '\r\nend']) log.add(piece);
    expect(log.lines).toEqual(['100%', 'done', 'end']);
  });

  it('leaves colours out', () => {
    const log = new LogLines();
    log.add('\u001b[31mred\u001b[0m');
    expect(log.lines).toEqual(['red']);
  });

  it('is the same however the text was cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 6 })), (pieces) => {
        const log = new LogLines();
        for (const piece of pieces) log.add(piece);
        expect(log.lines.join('\n')).toBe(pieces.join(''));
      }),
    );
  });

  it('tells errors by their traceback', () => {
    expect(logText({ seq: 1, at: 0, body: { kind: 'error', name: 'E', message: 'm', traceback: ['a', 'b'] } })).toBe('a\nb\n');
    expect(logText({ seq: 1, at: 0, body: { kind: 'error', name: 'E', message: 'm', traceback: [] } })).toBe('E: m\n');
  });
});
