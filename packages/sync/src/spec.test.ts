import { readFileSync } from 'node:fs';
import { CLOSE } from '@markco/core/sync/close-code';
import { TICKET_TTL_S } from '@markco/core/sync/ticket';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TUNING } from './client/tuning.ts';
import { decodeNodeFrame, encodeNodeFrame } from './nodes/node-frame.ts';
import { NODE_TUNING } from './nodes/node-tuning.ts';
import { DEFAULT_LIMITS } from './relay/limits.ts';
import { MESSAGE, SYNC } from './wire/message-type.ts';

const SPEC = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');

/** The tables of a section: each a list of rows, each row by the words of its head. */
function tables(section: string): Record<string, string>[][] {
  const start = SPEC.search(new RegExp(`^#+ ${section}`, 'm'));
  if (start < 0) throw new Error(`SPEC.md has no section "${section}".`);
  const body = SPEC.slice(start).split('\n').slice(1).join('\n').split(/^#+ /m, 1)[0]!;
  return [...body.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) => {
    const [head, , ...rows] = table
      .trim()
      .split('\n')
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim().replace(/^`|`$/g, '')),
      );
    return rows.map((row) => Object.fromEntries(row.map((cell, i) => [head![i]!, cell])));
  });
}

/** "8 MB" as 8388608, "5 s" as 5000, "500" as 500. */
function amount(text: string): number {
  const [value, unit = ''] = text.split(' ');
  const factor = { '': 1, ms: 1, s: 1_000, KB: 1024, MB: 1024 * 1024 }[unit];
  if (factor === undefined) throw new Error(`"${text}" has no known unit.`);
  return Number(value) * factor;
}
const numbered = (rows: readonly Record<string, string>[] | undefined, by: string): Record<string, number> =>
  Object.fromEntries((rows ?? []).map((row) => [row.name!, Number(row[by])]));
const amounts = (rows: readonly Record<string, string>[] | undefined): Record<string, number> =>
  Object.fromEntries((rows ?? []).map((row) => [row.constant!, amount(row.value!)]));

describe('SPEC.md says what the code does', () => {
  it('SY2: close codes', () => {
    expect(numbered(tables('Close codes')[0], 'code')).toEqual(CLOSE);
  });

  it('SY1: message types and kinds of sync messages', () => {
    const [types, kinds] = tables('Frames');
    expect(numbered(types, 'type')).toEqual(MESSAGE);
    expect(numbered(kinds, 'kind')).toEqual(SYNC);
  });

  it('SY2, SY6, SY9, SY10, SY13–SY17: every bound of the relay', () => {
    const [bounds] = tables('Bounds');
    expect(amounts(bounds)).toEqual(DEFAULT_LIMITS);
    for (const { rule } of bounds!) expect(rule).toMatch(/^SY\d+$/);
  });

  it('SY3, SY5: every time of our client, and of tickets', () => {
    expect(amounts(tables('Our client')[0])).toEqual(DEFAULT_TUNING);
    expect(SPEC).toContain(`${TICKET_TTL_S} s: \`sub\``);
  });

  it('SY18: what processes say to each other, and their times', () => {
    const [kinds, times] = tables('Several processes');
    expect(amounts(times)).toEqual(NODE_TUNING);
    for (const { kind, name } of kinds!) {
      const body = Number(kind) < 3 ? { version: 1, updates: [new Uint8Array(1)] } : { userId: 'u', payload: new Uint8Array(1) };
      const frame = { node: '00'.repeat(8), epoch: 'e', kind: name, ...body };
      const bytes = encodeNodeFrame(frame as never);
      expect([bytes[0], bytes[1], decodeNodeFrame(bytes)?.kind]).toEqual([1, Number(kind), name]);
    }
    const unknown = encodeNodeFrame({ node: '00'.repeat(8), epoch: '', kind: 'bye' });
    unknown[1] = kinds!.length;
    expect(decodeNodeFrame(unknown)).toBeNull();
  });
});
