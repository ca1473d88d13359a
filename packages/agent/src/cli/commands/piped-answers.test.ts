import { Readable } from 'node:stream';
import { AppError } from '@markco/core/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CliContext } from '../context.ts';
import { PipedAnswers } from './piped-answers.ts';

interface Sent {
  execId: string;
  text: string;
  end?: boolean;
}

let sent: Sent[] = [];
/** What the server answers, in order; then it takes everything. */
let refusals: AppError['code'][] = [];
const said: string[] = [];
const context = {
  api: {
    call: async (_: string, { execId, text, end }: Sent) => {
      const code = refusals.shift();
      if (code) throw new AppError(code, `refused: ${code}`);
      sent.push({ execId, text, ...(end && { end }) });
    },
  },
} as unknown as CliContext;
const ask = (piped: PipedAnswers, execId: string, password = false) =>
  piped.answer(context, 'run', { kind: 'stdin_request', prompt: `${execId}?`, password, execId });
const pipe = (text: string) => new PipedAnswers(() => Readable.from([text]));

beforeEach(() => {
  sent = [];
  refusals = [];
  said.length = 0;
  vi.spyOn(console, 'error').mockImplementation((line) => void said.push(String(line)));
});
afterEach(() => vi.restoreAllMocks());

describe('answers from a pipe', () => {
  it('RU14 each question takes one line, a password too, which is not shown; behind the last line is the end', async () => {
    const piped = pipe('Ann\r\n\nsecret');
    await Promise.all([ask(piped, 'a'), ask(piped, 'b'), ask(piped, 'c', true), ask(piped, 'd')]);
    expect(sent).toEqual([
      { execId: 'a', text: 'Ann' },
      { execId: 'b', text: '' },
      { execId: 'c', text: 'secret' },
      { execId: 'd', text: '', end: true },
    ]);
    expect(said).toEqual(['a?', 'b?', 'c?', 'd? (nothing is left on the standard input, so the code reads its end)']);
  });

  it('RU14 a line that another device forestalled answers the next question', async () => {
    const piped = pipe('Ann\n');
    refusals = ['conflict'];
    await ask(piped, 'a');
    await ask(piped, 'b');
    expect(sent).toEqual([{ execId: 'b', text: 'Ann' }]);
  });

  it('RU14 what the server refuses is said, and the code does not wait for ever', async () => {
    refusals = ['too_large'];
    await ask(pipe('Ann\n'), 'a');
    expect(sent).toEqual([{ execId: 'a', text: '', end: true }]);
    expect(said).toEqual(['a?', 'refused: too_large']);
  });

  it('reads nothing before something asks', async () => {
    const open = vi.fn(() => Readable.from(['Ann\n']));
    const piped = new PipedAnswers(open);
    expect(open).not.toHaveBeenCalled();
    await ask(piped, 'a');
    expect(open).toHaveBeenCalledTimes(1);
  });
});
