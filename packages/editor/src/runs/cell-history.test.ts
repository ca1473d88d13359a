import { describe, expect, it } from 'vitest';
import { readStructure } from '../cells/structure.ts';
import { fakeRun } from '../testing/fake-host.tsx';
import { cellHistory } from './cell-history.ts';

const { cells } = readStructure('```python\nedited since\n```\n\n```python\nb\n```\n');
const run = (runId: string, language = 'python') =>
  fakeRun({ runId, projectId: 'p', documentId: 'd', epoch: 'e', language, code: 'as it was', codeHash: '' });

describe('the runs of a cell', () => {
  it('RU20: are those matched to it, and those whose anchor is in it though its text is another now', () => {
    const at: Record<string, number | null> = { anchored: cells[0]!.codeEnd, other: cells[1]!.codeEnd, gone: null, matched: null, r: 12 };
    const runs = [run('matched'), run('anchored'), run('other'), run('gone'), run('r', 'r')];
    const found = cellHistory(cells[0]!, runs, ['matched'], ({ id }) => at[id] ?? null);
    expect(found.map(({ id }) => id)).toEqual(['matched', 'anchored']);
  });
});
