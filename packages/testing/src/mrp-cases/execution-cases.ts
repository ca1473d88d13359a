import { RuntimeBusyError } from '@markco/agent/runtimes/runtime';
import { expect, it } from 'vitest';
import type { MrpFeatures, MrpSubject } from '../mrp-conformance.ts';
import { displaysOf, errorOf, namesOf, runCell, startCell, textOf } from './run-cell.ts';

/** Running code: order, errors, displays, interrupts, limits. */
export function executionCases(subject: MrpSubject, features: MrpFeatures): void {
  outputCases(subject);
  errorCases(subject);
  displayCases(subject, features);
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

  it('outlives sys.exit() and endless recursion', async () => {
    expect(errorOf(await runCell(subject.runtime, 'import sys\nsys.exit(3)'))).toMatchObject({ type: 'SystemExit' });
    expect(errorOf(await runCell(subject.runtime, 'def g(): return g()\ng()'))).toMatchObject({ type: 'RecursionError' });
    expect(displaysOf(await runCell(subject.runtime, '"alive"'))).toEqual([{ 'text/plain': "'alive'" }]);
  });
}

function displayCases(subject: MrpSubject, features: MrpFeatures): void {
  it('shows the last expression, and nothing for None, a semicolon or a statement', async () => {
    for (const code of ['None', '5;', 'a = 5']) expect(displaysOf(await runCell(subject.runtime, code))).toEqual([]);
    const events = await runCell(subject.runtime, '[1, "zwei"]');
    expect(displaysOf(events)).toEqual([{ 'text/plain': "[1, 'zwei']" }]);
  });

  it('RU19: keeps every mime variant of a rich value, text/plain too', async () => {
    const events = await runCell(
      subject.runtime,
      'class Rich:\n    def _repr_html_(self): return "<b>hi</b>"\n    def _repr_markdown_(self): return "**hi**"\n    def __repr__(self): return "hi"\nRich()',
    );
    expect(displaysOf(events)).toEqual([{ 'text/plain': 'hi', 'text/html': '<b>hi</b>', 'text/markdown': '**hi**' }]);
  });

  it('display() shows at once, in order with what is printed; png travels as base64 with its size', async () => {
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const events = await runCell(
      subject.runtime,
      `import base64\nclass P:\n    def _repr_png_(self): return base64.b64decode("${png}")\nprint("1")\ndisplay(P())\nprint("2")`,
    );
    expect(namesOf(events)).toEqual(['start', 'stdout', 'display', 'stdout', 'result', 'done']);
    const shown = events.find((event) => event.event === 'display')!;
    expect(shown).toMatchObject({ data: { 'image/png': png }, metadata: { 'image/png': { width: 1, height: 1 } } });
  });

  it('RU18: a display too large to send inline comes as an asset with its bytes', async () => {
    const events = await runCell(subject.runtime, 'class Big:\n    def _repr_html_(self): return "y" * 2_000_000\nBig()');
    const asset = events.find((event) => event.event === 'asset')!.asset;
    expect(asset).toMatchObject({ mimeType: 'text/html', size: 2_000_000 });
    const { bytes, mimeType } = await subject.runtime.asset(asset.id);
    expect([bytes.length, mimeType]).toEqual([2_000_000, 'text/html']);
    await expect(subject.runtime.asset('../secret')).rejects.toThrow();
  });

  if (features.matplotlib === false) return;
  const plots = features.matplotlib === true;
  it.skipIf(!plots)(
    `matplotlib figures come as png${plots ? '' : ` (${features.matplotlib})`}, at show() and at the end of the cell`,
    async () => {
      const events = await runCell(
        subject.runtime,
        'import matplotlib.pyplot as plt\nplt.plot([1, 2]);\nplt.show()\nprint("between")\nplt.plot([2, 1]);',
      );
      expect(errorOf(events)).toBeNull();
      expect(namesOf(events)).toEqual(['start', 'display', 'stdout', 'display', 'result', 'done']);
      expect(displaysOf(await runCell(subject.runtime, 'plt.plot([1, 2])'))).toHaveLength(2);
      for (const data of displaysOf(events))
        expect(data).toMatchObject({ 'image/png': expect.stringMatching(/^iVBOR/), 'text/plain': expect.any(String) });
    },
  );
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
