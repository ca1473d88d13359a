import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { type Provenance, writeOutput } from './write-output.ts';

const first = '019a0000-0000-7000-8000-000000000001';
const second = '019a0000-0000-7000-8000-000000000002';
const facts: Provenance = {
  state: 'completed',
  ranOn: 'MacBook Pro',
  reason: 'device_online',
  freshSession: false,
  durationMs: 5,
  endedAt: null,
};

function docOf(text: string) {
  const doc = new Y.Doc();
  const content = doc.getText('content');
  content.insert(0, text);
  /** The anchor a client makes: the start of the closing fence that follows `code`. */
  const anchorAfter = (code: string): string => {
    const index = content.toString().indexOf('```', content.toString().indexOf(code));
    return Buffer.from(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(content, index))).toString('base64');
  };
  return { doc, content, anchorAfter };
}
const two = 'intro\n\n```python\na = 1\n```\n\nmiddle\n\n```python\nb = 2\n```\n';

describe('write-output (RU20)', () => {
  it('RU20: finds the cell by its anchor, wherever edits moved it, and is idempotent', () => {
    const { doc, content, anchorAfter } = docOf(two);
    const place = { runId: first, code: 'b = 2', anchor: anchorAfter('b = 2'), cellIndex: 1 };
    content.insert(0, '```python\nb = 2\n```\n\n');
    expect(writeOutput(doc, place, 'hello\n', facts, true)).toBe('written');
    const text = content.toString();
    expect(text.endsWith(`b = 2\n\`\`\`\n\n\`\`\`output:${first}\nhello\n\`\`\`\n`)).toBe(true);
    expect(writeOutput(doc, place, 'hello\n', facts, true)).toBe('unchanged');
    expect(content.toString()).toBe(text);
    expect(JSON.parse(doc.getMap('markco').get(`output:${first}`) as string)).toEqual(facts);
  });

  it('RU20: grows by the tail only', () => {
    const { doc, content, anchorAfter } = docOf(two);
    const place = { runId: first, code: 'a = 1', anchor: anchorAfter('a = 1'), cellIndex: 0 };
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join('');
    writeOutput(doc, place, lines, { ...facts, state: 'running' }, false);
    let changed = 0;
    content.observe((event) => {
      for (const part of event.changes.delta) changed += typeof part.insert === 'string' ? part.insert.length : (part.delete ?? 0);
    });
    writeOutput(doc, place, `${lines}line 100\n`, facts, true);
    expect(changed).toBe('line 100\n'.length);
  });

  it('RU20: replaces the previous block of the cell, whoever wrote it, and its facts', () => {
    const { doc, content, anchorAfter } = docOf('```python\na = 1\n```\n\n```output\nold\n```\nafter\n');
    const anchor = anchorAfter('a = 1');
    writeOutput(doc, { runId: first, code: '', anchor, cellIndex: 0 }, 'new\n', facts, true);
    writeOutput(doc, { runId: second, code: '', anchor, cellIndex: 0 }, 'newer\n', facts, true);
    expect(content.toString()).toBe(`\`\`\`python\na = 1\n\`\`\`\n\n\`\`\`output:${second}\nnewer\n\`\`\`\nafter\n`);
    expect([...doc.getMap('markco').keys()]).toEqual([`output:${second}`]);
    expect(writeOutput(doc, { runId: first, code: '', anchor, cellIndex: 0 }, 'late\n', facts, true)).toBe('newer');
  });

  it('RU20: an anchor in deleted text leaves the document alone, also when another cell stands there now', () => {
    const { doc, content, anchorAfter } = docOf(two);
    const place = { runId: first, code: 'a = 1', anchor: anchorAfter('a = 1'), cellIndex: 0 };
    content.delete(content.toString().indexOf('```python'), '```python\na = 1\n```\n\nmiddle\n\n'.length);
    const before = content.toString();
    expect(writeOutput(doc, place, 'x\n', facts, true)).toBe('gone');
    expect(writeOutput(doc, { ...place, anchor: 'AAAA' }, 'x\n', facts, true)).toBe('gone');
    expect(content.toString()).toBe(before);
  });

  it('RU20: a run that printed nothing takes the old output away at its end, not before', () => {
    const { doc, content, anchorAfter } = docOf('```python\na = 1\n```\n\n```output\nold\n```\n');
    const place = { runId: first, code: '', anchor: anchorAfter('a = 1'), cellIndex: 0 };
    expect(writeOutput(doc, place, '', facts, false)).toBe('unchanged');
    expect(writeOutput(doc, place, '', facts, true)).toBe('written');
    expect(content.toString()).toBe('```python\na = 1\n```\n');
  });

  it('RU21: backticks inside make the fence longer, and CRLF documents stay CRLF', () => {
    const { doc, content, anchorAfter } = docOf('```python\r\na = 1\r\n```\r\n');
    writeOutput(doc, { runId: first, code: '', anchor: anchorAfter('a = 1'), cellIndex: 0 }, '````\nx\n', facts, true);
    expect(content.toString()).toContain(`\r\n\`\`\`\`\`output:${first}\r\n\`\`\`\`\r\nx\r\n\`\`\`\`\`\r\n`);
  });
});
