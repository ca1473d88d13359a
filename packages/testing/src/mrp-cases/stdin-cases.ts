import { expect, it } from 'vitest';
import type { MrpSubject } from '../mrp-conformance.ts';
import { errorOf, startCell, textOf } from './run-cell.ts';

/** RU14: questions to the person. */
export function stdinCases(subject: MrpSubject): void {
  it('RU14: input() asks and gets the answer', async () => {
    const run = startCell(subject.runtime, 'name = input("Name? ")\nprint("Hello", name)');
    const question = await run.until((event) => event.event === 'stdin_request');
    expect(question).toMatchObject({ prompt: 'Name? ', password: false });
    expect(await subject.runtime.input(run.execId, 'Žofie 👋')).toBe(true);
    expect(await subject.runtime.input(run.execId, 'too late')).toBe(false);
    expect(textOf(await run.ended)).toBe('Hello Žofie 👋\n');
  });

  it('RU14: getpass asks for a password', async () => {
    const run = startCell(subject.runtime, 'import getpass\nprint(len(getpass.getpass("Key: ")))');
    expect(await run.until((event) => event.event === 'stdin_request')).toMatchObject({ prompt: 'Key: ', password: true });
    await subject.runtime.input(run.execId, 'secret');
    expect(textOf(await run.ended)).toBe('6\n');
  });

  it('RU14: sys.stdin.readline() asks too', async () => {
    const run = startCell(subject.runtime, 'import sys\nprint(repr(sys.stdin.readline()))');
    await run.until((event) => event.event === 'stdin_request');
    await subject.runtime.input(run.execId, 'line');
    expect(textOf(await run.ended)).toBe("'line\\n'\n");
  });

  it('RU14: an interrupt unblocks input() and getpass()', async () => {
    for (const code of ['input()', 'import getpass\ngetpass.getpass()']) {
      const run = startCell(subject.runtime, code);
      await run.until((event) => event.event === 'stdin_request');
      expect(await subject.runtime.interrupt()).toBe(true);
      expect(errorOf(await run.ended)).toMatchObject({ type: 'KeyboardInterrupt' });
      expect(await subject.runtime.input(run.execId, 'late')).toBe(false);
    }
  });

  it('RU14: two questions get an answer each, and another execution none', async () => {
    const run = startCell(subject.runtime, 'print([input("first "), input("second ")])');
    await run.until((event) => event.event === 'stdin_request' && event.prompt === 'first ');
    expect(await subject.runtime.input('some-other-execution', 'x')).toBe(false);
    expect(await subject.runtime.input(run.execId, 'a')).toBe(true);
    await run.until((event) => event.event === 'stdin_request' && event.prompt === 'second ');
    expect(await subject.runtime.input(run.execId, '')).toBe(true);
    expect(textOf(await run.ended)).toBe("['a', '']\n");
  });

  it('RU14: a long answer arrives whole', async () => {
    const run = startCell(subject.runtime, 'text = input()\nprint(len(text), text[-2:])');
    await run.until((event) => event.event === 'stdin_request');
    expect(await subject.runtime.input(run.execId, `${'ž'.repeat(120_000)}né`)).toBe(true);
    expect(textOf(await run.ended)).toBe('120002 né\n');
  });

  it('RU14: a dismissed question is an EOFError', async () => {
    const run = startCell(subject.runtime, 'input()');
    await run.until((event) => event.event === 'stdin_request');
    expect(await subject.runtime.cancelInput(run.execId)).toBe(true);
    expect(errorOf(await run.ended)).toMatchObject({ type: 'EOFError' });
  });

  it('RU14: input() fails in words where nobody can be asked', async () => {
    const run = startCell(subject.runtime, 'input("?")', { allowStdin: false });
    expect(errorOf(await run.ended)).toMatchObject({ type: 'RuntimeError', message: expect.stringContaining('input()') });
  });
}
