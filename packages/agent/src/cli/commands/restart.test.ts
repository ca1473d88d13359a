import { GatewayError } from '@markco/testing/fake-gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROJECT_ID } from '../../test-support/sample-offer.ts';
import { openTerminal, type SignedInTerminal } from '../../test-support/signed-in-terminal.ts';
import { restart } from './restart.ts';
import { run } from './run.ts';

const FILES: Record<string, string> = {
  'index.md': '```python\n1\n```\n',
  'own.md': '---\nsession:\n  python:\n    name: heavy\n---\n\n```py\n1\n```\n',
  'shell.md': '```bash\nls\n```\n',
  'mrmd.md': '```yaml config\nsession:\n  python:\n    name: shared\n```\n',
};
const idOf = (index: number) => `018f0000-0000-7000-8000-0000000001d${index}`;

let terminal: SignedInTerminal;
const asked: unknown[] = [];
const requested: string[] = [];

beforeEach(async () => {
  terminal = await openTerminal();
  asked.length = 0;
  requested.length = 0;
  terminal.gateway.http = {
    'projects.list': () => [project],
    'documents.list': () => documents,
    'documents.get': (input) => {
      const document = documents.find(({ id }) => id === (input as { documentId: string }).documentId)!;
      return { document, text: FILES[document.path], stateVector: '' };
    },
    'runs.sessionOp': (input) => void asked.push(input),
    'runs.create': (input) => {
      requested.push((input as { sessionName: string }).sessionName);
      throw new GatewayError({ code: 'TOO_MANY_REQUESTS', message: '50 runs of this project wait already.' });
    },
  };
});
afterEach(() => terminal.close());

describe('markco restart', () => {
  it('RU12 ends the session that the document, else mrmd.md, else nobody names', async () => {
    const told = await terminal.told(async () => {
      await restart('demo/index.md', {});
      await restart('demo/own.md', { reset: true });
      await restart('demo/shell.md', {});
      await restart('demo/shell.md', { language: 'py', session: 'mine' });
    });
    expect(told[0]).toBe('The python session "shared" is empty; its next run starts fresh.');
    expect(asked).toEqual(
      [
        { language: 'python', sessionName: 'shared', op: 'restart' },
        { language: 'python', sessionName: 'heavy', op: 'reset' },
        { language: 'bash', sessionName: 'default', op: 'restart' },
        { language: 'python', sessionName: 'mine', op: 'restart' },
      ].map((each) => ({ projectId: PROJECT_ID, ...each })),
    );
  });

  it('RU12 passes on in words why it could not be done', async () => {
    terminal.gateway.http['runs.sessionOp'] = () => {
      throw new GatewayError({ code: 'SERVICE_UNAVAILABLE', message: 'MacBook Pro is not connected.' });
    };
    await expect(restart('demo/index.md', {})).rejects.toThrow('MacBook Pro is not connected.');
    await expect(restart('demo/nothing.md', {})).rejects.toThrow(/was not found/);
  });
});

describe('markco run', () => {
  it('RU3 asks for the session that the document, else mrmd.md names; RU8 a full queue is told in words', async () => {
    for (const [document, session] of [['index.md'], ['own.md'], ['shell.md'], ['own.md', 'mine']])
      await expect(run(`demo/${document}`, session ? { session } : {})).rejects.toThrow('50 runs of this project wait already.');
    expect(requested).toEqual(['shared', 'heavy', 'default', 'mine']);
  });
});

const now = new Date();
const project = {
  ...{ id: PROJECT_ID, slug: 'demo', name: 'Demo', ownerId: idOf(9), documentCount: 4, lastEditAt: null, createdAt: now },
  ...{ fallbackToCloud: null, attachments: [] },
};
const documents = Object.keys(FILES).map((path, index) => ({
  ...{ id: idOf(index), projectId: PROJECT_ID, path, title: path, epoch: 'e1', size: 1, contentHash: '', updatedAt: now, createdAt: now },
  ...{ deletedAt: null, status: 'ok' as const },
}));
