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

  it('RU18: keeps the beginning and the end of whatever is printed, and says how much is hidden between', () => {
    const limits = { head: 20, tail: 60, most: 100 };
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 60 }), { maxLength: 40 }), (pieces) => {
        const log = new LogLines(limits);
        const all = pieces.join('');
        for (const piece of pieces) {
          log.add(piece);
          const chars = log.lines.filter((line) => !line.startsWith('…')).join('\n').length;
          expect(chars).toBeLessThanOrEqual(limits.most + 1);
        }
        const gap = log.lines.findIndex((line) => line.startsWith('…'));
        if (gap < 0) {
          expect(log.lines.join('\n')).toBe(all);
          return;
        }
        const [head, tail] = [log.lines.slice(0, gap), log.lines.slice(gap + 1)].map((lines) => lines.join('\n')) as [string, string];
        expect(all.startsWith(head)).toBe(true);
        expect(head.length).toBeLessThanOrEqual(limits.head);
        expect(all.endsWith(tail)).toBe(true);
        expect(tail.length).toBeGreaterThanOrEqual(limits.tail - limits.head);
      }),
      { numRuns: 500 },
    );
  });

  it('RU18: says how much is hidden', () => {
    const log = new LogLines();
    for (let i = 0; i < 400; i++) log.add(`${'x'.repeat(1023)}\n`.repeat(100));
    const shown = log.lines.reduce((sum, line) => sum + line.length + 1, 0);
    const [hidden] = log.lines.filter((line) => line.startsWith('…'));
    expect(shown).toBeLessThanOrEqual(10 * 1024 * 1024);
    const mb = Number(/… ([\d.]+) MB of output hidden/.exec(hidden!)![1]);
    expect(mb + shown / 1024 / 1024).toBeCloseTo((400 * 100 * 1024) / 1024 / 1024, 0);
  });

  it('tells errors by their traceback', () => {
    expect(logText({ seq: 1, at: 0, body: { kind: 'error', name: 'E', message: 'm', traceback: ['a', 'b'] } })).toBe('a\nb\n');
    expect(logText({ seq: 1, at: 0, body: { kind: 'error', name: 'E', message: 'm', traceback: [] } })).toBe('E: m\n');
  });
});
