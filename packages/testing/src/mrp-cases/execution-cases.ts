import { RuntimeBusyError } from '@markco/agent/runtimes/runtime';
import { mrpHistory } from '@markco/core/mrp/answers';
import { expect, it } from 'vitest';
import type { MrpFeatures, MrpSubject } from '../mrp-conformance.ts';
import { displaysOf, errorOf, runCell, startCell, textOf } from './run-cell.ts';

/** Running code: order, errors, interrupts, limits. */
export function executionCases(subject: MrpSubject, features: MrpFeatures): void {
  outputCases(subject);
  resultCases(subject);
  errorCases(subject);
  interruptCases(subject);
  if (features.processes) processCases(subject);
}

function outputCases(subject: MrpSubject): void {
  it('streams start, output, one outcome and done, in order', async () => {
    const events = await runCell(subject.runtime, 'print("a")\nimport sys\nprint("b", file=sys.stderr)\nprint("c")');
    const names = events.map((event) => event.event);
    expect(names[0]).toBe('start');
    expect(names.slice(-2)).toEqual(['result', 'done']);
    expect(textOf(events)).toBe('a\nc\n');
    expect(textOf(events, 'stderr')).toBe('b\n');
  });

  it('sends output while the code still runs', async () => {
    const run = startCell(subject.runtime, 'print("first")\ninput()\nprint("last")');
    await run.until((event) => event.event === 'stdin_request');
    expect(textOf(run.events)).toBe('first\n');
    await subject.runtime.input(run.execId, '');
    expect(textOf(await run.ended)).toBe('first\nlast\n');
  });

  it('keeps unicode whole, lone surrogates replaced', async () => {
    const events = await runCell(subject.runtime, 'print("žluťoučký 👩‍👩‍👧 日本", "\\ud800")');
    expect(textOf(events)).toBe('žluťoučký 👩‍👩‍👧 日本 ?\n');
  });

  it('RU18: a large output arrives whole and in order', async () => {
    const events = await runCell(subject.runtime, 'for i in range(20000):\n    print(i, "x" * 100)');
    const lines = textOf(events).split('\n');
    expect(lines).toHaveLength(20_001);
    expect(lines[19_999]).toBe(`19999 ${'x'.repeat(100)}`);
  });

  it('keeps variables from one cell to the next', async () => {
    await runCell(subject.runtime, 'kept = 41');
    expect(displaysOf(await runCell(subject.runtime, 'kept + 1'))).toEqual([{ 'text/plain': '42' }]);
  });

  it('awaits at the top level', async () => {
    const events = await runCell(
      subject.runtime,
      'import asyncio\nasync def two():\n    await asyncio.sleep(0)\n    return 2\nx = await two()\nawait two() + x',
    );
    expect(errorOf(events)).toBeNull();
    expect(displaysOf(events)).toEqual([{ 'text/plain': '4' }]);
  });

  it('refuses a second execution while one runs, naming it', async () => {
    const run = startCell(subject.runtime, 'input()');
    await run.until((event) => event.event === 'stdin_request');
    const refusal = await runCell(subject.runtime, '1').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RuntimeBusyError);
    expect((refusal as RuntimeBusyError).execId).toBe(run.execId);
    expect(await subject.runtime.health()).toMatchObject({ state: 'waiting_input', currentExecId: run.execId });
    await subject.runtime.input(run.execId, '');
    await run.ended;
    expect(await subject.runtime.health()).toMatchObject({ state: 'idle' });
  });
}

function resultCases(subject: MrpSubject): void {
  const resultOf = async (code: string, storeHistory = true) => {
    const events = await startCell(subject.runtime, code, { storeHistory }).ended;
    const last = events.find((event) => event.event === 'result');
    return last?.event === 'result' ? last.result : null;
  };

  it('a result counts executions and revisions, and says how long it took and what was imported', async () => {
    const one = (await resultOf('import json, os.path\nfrom collections import deque'))!;
    const two = (await resultOf('1 + 1'))!;
    expect(two.executionCount).toBe(one.executionCount! + 1);
    expect(two.stateRevision).toBeGreaterThan(one.stateRevision!);
    expect(two).toMatchObject({ success: true, result: '2', duration: expect.any(Number) });
    expect(one.imports).toEqual(expect.arrayContaining(['json', 'os.path', 'collections']));
  });

  it('a cell that is not to be remembered is neither counted nor in the history', async () => {
    const before = (await resultOf('0'))!;
    await resultOf('"never_remembered"', false);
    expect((await resultOf('0'))!.executionCount).toBe(before.executionCount! + 1);
    const found = mrpHistory.parse(await subject.runtime.introspect('history', { n: 5, pattern: 'never_remembered' }));
    expect(found.entries).toEqual([]);
  });

  it('RU18: carriage returns, backspaces and colours arrive as they were written', async () => {
    const written = '10%\r20%\b\b9%\u001b[31m red\u001b[0m\n';
    expect(textOf(await runCell(subject.runtime, `import sys\nsys.stdout.write(${pythonString(written)});`))).toBe(written);
    expect(textOf(await runCell(subject.runtime, `print(${pythonString(written)}, end="", file=sys.stderr)`), 'stderr')).toBe(written);
  });
}

/** A Python literal of `text`. */
const pythonString = (text: string): string => JSON.stringify(text);

function errorCases(subject: MrpSubject): void {
  it('reports an error with its type, the line of the cell and the source', async () => {
    const events = await runCell(subject.runtime, 'def f():\n    return 1 / 0\n\nprint("before")\nf()');
    const error = errorOf(events)!;
    expect(textOf(events)).toBe('before\n');
    expect(error).toMatchObject({ type: 'ZeroDivisionError', message: 'division by zero' });
    expect(error.traceback.join('\n')).toContain('return 1 / 0');
    expect(error.traceback.join('\n')).not.toContain('markco');
  });

  it('reports a syntax error with its place', async () => {
    const error = errorOf(await runCell(subject.runtime, 'x = 1\ny = = 2'))!;
    expect(error).toMatchObject({ type: 'SyntaxError', line: 2 });
  });

  it('an error keeps its cause, and a warning goes to stderr', async () => {
    const code = 'try:\n    {}["key"]\nexcept KeyError as cause:\n    raise RuntimeError("what follows") from cause';
    const error = errorOf(await runCell(subject.runtime, code))!;
    expect(error).toMatchObject({ type: 'RuntimeError', message: 'what follows', line: 4 });
    expect(error.traceback.join('\n')).toMatch(/KeyError: 'key'[\s\S]*direct cause[\s\S]*RuntimeError: what follows/);
    const warned = await runCell(subject.runtime, 'import warnings\nwarnings.warn("mind the gap")');
    expect(textOf(warned, 'stderr')).toContain('mind the gap');
    expect(errorOf(warned)).toBeNull();
  });

  it('outlives sys.exit() and endless recursion', async () => {
    expect(errorOf(await runCell(subject.runtime, 'import sys\nsys.exit(3)'))).toMatchObject({ type: 'SystemExit' });
    expect(errorOf(await runCell(subject.runtime, 'def g(): return g()\ng()'))).toMatchObject({ type: 'RecursionError' });
    expect(displaysOf(await runCell(subject.runtime, '"alive"'))).toEqual([{ 'text/plain': "'alive'" }]);
  });
}

function interruptCases(subject: MrpSubject): void {
  it('RU12: interrupts a busy loop and keeps the variables', async () => {
    const run = startCell(subject.runtime, 'survivor = 7\nprint("go")\nwhile True:\n    pass');
    await run.until((event) => event.event === 'stdout');
    expect(await subject.runtime.interrupt()).toBe(true);
    expect(errorOf(await run.ended)).toMatchObject({ type: 'KeyboardInterrupt', line: expect.any(Number) });
    expect(displaysOf(await runCell(subject.runtime, 'survivor'))).toEqual([{ 'text/plain': '7' }]);
  });

  it('RU12: an interrupt that comes before the code runs still counts', async () => {
    for (let i = 0; i < 5; i++) {
      const run = startCell(subject.runtime, 'while True:\n    pass');
      await run.until((event) => event.event === 'start');
      expect(await subject.runtime.interrupt()).toBe(true);
      expect(errorOf(await run.ended)).toMatchObject({ type: 'KeyboardInterrupt' });
    }
  });

  it('RU12: interrupts sleep, and code awaiting at the top level', async () => {
    for (const wait of ['import time\nprint("go")\ntime.sleep(600)', 'import asyncio\nprint("go")\nawait asyncio.sleep(600)']) {
      const run = startCell(subject.runtime, wait);
      await run.until((event) => event.event === 'stdout');
      await subject.runtime.interrupt();
      expect(errorOf(await run.ended)).toMatchObject({ type: 'KeyboardInterrupt' });
    }
  });

  it('RU12: interrupts a loop that prints without end', async () => {
    const run = startCell(subject.runtime, 'while True:\n    print("spam" * 20)');
    await run.until((event) => event.event === 'stdout');
    await subject.runtime.interrupt();
    expect(errorOf(await run.ended)).toMatchObject({ type: 'KeyboardInterrupt' });
  });

  it('says false when there is nothing to interrupt', async () => {
    expect(await subject.runtime.interrupt()).toBe(false);
  });
}

function processCases(subject: MrpSubject): void {
  it('shows what child processes write, in its place', async () => {
    const events = await runCell(
      subject.runtime,
      'import os, subprocess, sys\nprint("a")\nos.system("echo b")\nprint("c")\nsubprocess.run([sys.executable, "-c", "print(\'d\')"])\nprint("e");',
    );
    expect(textOf(events)).toBe('a\nb\nc\nd\ne\n');
  });

  it('shows what forked children print', async () => {
    const events = await runCell(
      subject.runtime,
      'import os\npid = os.fork()\nif pid == 0:\n    print("child")\n    os._exit(0)\nos.waitpid(pid, 0)\nprint("parent")',
    );
    expect(textOf(events)).toBe('child\nparent\n');
  });

  it('RU12: interrupts a child process the cell waits for', async () => {
    const run = startCell(subject.runtime, 'import os\nprint("go")\nos.system("sleep 600")');
    await run.until((event) => event.event === 'stdout');
    await subject.runtime.interrupt();
    expect((await run.ended).at(-1)).toEqual({ event: 'done' });
  });
}
