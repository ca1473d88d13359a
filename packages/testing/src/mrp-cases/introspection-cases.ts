import { RuntimeBusyError } from '@markco/agent/runtimes/runtime';
import {
  mrpCompletions,
  mrpFormatted,
  mrpHistory,
  mrpHover,
  mrpInspection,
  mrpIsComplete,
  mrpVariableDetail,
  mrpVariables,
} from '@markco/core/mrp/answers';
import { expect, it } from 'vitest';
import type { MrpSubject } from '../mrp-conformance.ts';
import { runCell, startCell } from './run-cell.ts';

/** AG7: looking at the namespace. */
export function introspectionCases(subject: MrpSubject): void {
  type Question = Parameters<typeof subject.runtime.introspect>[0];
  const askOnce = (question: Question, body: unknown) => subject.runtime.introspect(question, body);
  /** Asks again where a busy machine did not answer within the budget of a question, as a person does. */
  const ask = async (question: Question, body: unknown): Promise<unknown> => {
    for (let tries = 1; ; tries++) {
      try {
        return await askOnce(question, body);
      } catch (error) {
        if (tries === 20 || (error as Error).name !== 'RuntimeUnavailableError') throw error;
      }
    }
  };
  completionCases(subject, ask);
  variableCases(subject, ask, askOnce);

  it('AG7: is_complete tells whole, unfinished and wrong code apart', async () => {
    for (const [code, status] of [
      ['x = 1', 'complete'],
      ['for i in range(3):', 'incomplete'],
      ['x = = 1', 'invalid'],
      ['await f()', 'complete'],
    ]) {
      expect(mrpIsComplete.parse(await ask('is_complete', { code }))).toMatchObject({ status });
    }
    expect(mrpIsComplete.parse(await ask('is_complete', { code: 'if a:\n    for b in c:' })).indent).toBe('        ');
  });

  it('AG7: format answers with code, and says whether it changed', async () => {
    for (const code of ['x = 1', 'x=1', 'x = (']) {
      const { formatted, changed } = mrpFormatted.parse(await ask('format', { code }));
      expect([code, 'x = 1']).toContain(formatted);
      expect(changed).toBe(formatted !== code);
    }
  });

  it('AG7: history holds what was run, searchable, a page at a time', async () => {
    for (const n of [1, 2, 3]) await runCell(subject.runtime, `needle_in_history = ${n}`);
    const found = mrpHistory.parse(await ask('history', { n: 2, pattern: 'needle_in' }));
    expect(found.entries.map(({ code }) => code)).toEqual(['needle_in_history = 2', 'needle_in_history = 3']);
    expect(found.hasMore).toBe(true);
    const before = mrpHistory.parse(await ask('history', { n: 2, pattern: 'needle_in', before: found.entries[0]!.historyIndex }));
    expect(before.entries.map(({ code }) => code)).toEqual(['needle_in_history = 1']);
    expect(before.hasMore).toBe(false);
  });

  it('AG7: a question beside a running cell is answered or refused, never left hanging', async () => {
    const run = startCell(subject.runtime, 'input()');
    await run.until((event) => event.event === 'stdin_request');
    const answers = await Promise.allSettled([askOnce('complete', { code: 'pri', cursor: 3 }), askOnce('variables', {})]);
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason.name).toBe('RuntimeUnavailableError');
    await subject.runtime.input(run.execId, '');
    await run.ended;
  });

  it('names its languages and features', async () => {
    const found = await subject.runtime.capabilities();
    expect(found.languages).toContain('python');
    expect(found.features).toMatchObject({ execute: true, executeStream: true, interrupt: true, variables: true });
  });

  it('says that it formats where it does, and only there', async () => {
    const { features } = await subject.runtime.capabilities();
    expect(features.format).toBe(mrpFormatted.parse(await ask('format', { code: 'x=1' })).changed);
  });

  it('a reset waits for nobody: while a cell runs it is refused', async () => {
    const run = startCell(subject.runtime, 'input()');
    await run.until((event) => event.event === 'stdin_request');
    await expect(subject.runtime.reset()).rejects.toBeInstanceOf(RuntimeBusyError);
    await subject.runtime.input(run.execId, '');
    await run.ended;
  });

  it('reset empties the namespace', async () => {
    await runCell(subject.runtime, 'gone_after_reset = 1');
    await subject.runtime.reset();
    expect(mrpVariables.parse(await ask('variables', {})).variables).toEqual([]);
    expect((await runCell(subject.runtime, 'gone_after_reset')).find((event) => event.event === 'error')?.error.type).toBe('NameError');
    expect((await runCell(subject.runtime, 'display(1)')).some((event) => event.event === 'display')).toBe(true);
  });
}

type Ask = (question: 'complete' | 'hover' | 'inspect' | 'variables' | 'variable', body: unknown) => Promise<unknown>;

function completionCases(subject: MrpSubject, ask: Ask): void {
  it('AG7: completes names and attributes, with cursors in UTF-16 units', async () => {
    await runCell(
      subject.runtime,
      'import os.path\nmy_long_name = {"a": 1}\ndef my_function(first, second=2):\n    "Adds."\n    return first',
    );
    const names = mrpCompletions.parse(await ask('complete', { code: 'my_', cursor: 3 }));
    expect(names.matches.map((match) => match.label)).toEqual(expect.arrayContaining(['my_function', 'my_long_name']));
    const code = 's = "👩👩"; my_long_name.ke';
    const found = mrpCompletions.parse(await ask('complete', { code, cursor: code.length }));
    expect(found.matches.map((match) => match.label)).toContain('keys');
    expect([found.cursorStart, found.cursorEnd]).toEqual([code.length - 2, code.length]);
  });

  it('AG7: completes modules, built-ins and keywords, each with its kind', async () => {
    const first = async (code: string, label: string) => {
      const found = mrpCompletions.parse(await ask('complete', { code, cursor: code.length }));
      return found.matches.find((match) => match.label === label);
    };
    expect(await first('import js', 'json')).toMatchObject({ kind: 'module' });
    expect(await first('from os import pa', 'path')).toMatchObject({ kind: 'module' });
    expect(await first('x = pri', 'print')).toMatchObject({ kind: 'function' });
    expect(await first('whi', 'while')).toMatchObject({ kind: 'keyword' });
    expect(mrpCompletions.parse(await ask('complete', { code: 'zzz_nothing', cursor: 11 })).matches).toEqual([]);
  });

  it('AG7: completing runs no properties', async () => {
    await runCell(
      subject.runtime,
      'class Trap:\n    @property\n    def boom(self):\n        global sprung\n        sprung = True\nsprung = False\ntrap = Trap()',
    );
    await ask('complete', { code: 'trap.bo', cursor: 7 });
    await ask('complete', { code: 'trap.boom.x', cursor: 11 });
    const events = await runCell(subject.runtime, 'sprung');
    expect(events.find((event) => event.event === 'display')).toMatchObject({ data: { 'text/plain': 'False' } });
  });

  it('AG7: hovers and inspects a function behind astral characters', async () => {
    const code = '"👩"; my_function(1)';
    const hover = mrpHover.parse(await ask('hover', { code, cursor: code.indexOf('func') }));
    expect(hover).toMatchObject({ found: true, name: 'my_function', signature: 'my_function(first, second=2)', docstring: 'Adds.' });
    const inspection = mrpInspection.parse(await ask('inspect', { code, cursor: code.indexOf('func'), detail: 1 }));
    expect(inspection).toMatchObject({ kind: 'function', sourceCode: expect.stringContaining('return first') });
    expect(mrpHover.parse(await ask('hover', { code: 'nothing_here', cursor: 3 })).found).toBe(false);
    expect(mrpHover.parse(await ask('hover', { code: 'my_long_name', cursor: 3 }))).toMatchObject({ type: 'dict', value: "{'a': 1}" });
    const builtin = mrpInspection.parse(await ask('inspect', { code: 'sorted', cursor: 3, detail: 0 }));
    expect(builtin).toMatchObject({ found: true, name: 'sorted', docstring: expect.stringContaining('new list') });
    const dict = mrpInspection.parse(await ask('inspect', { code: 'my_long_name', cursor: 3, detail: 1 }));
    expect(dict).toMatchObject({ kind: 'variable', children: [{ name: 'a', value: '1' }] });
  });
}

function variableCases(subject: MrpSubject, ask: Ask, askOnce: Ask): void {
  it('AG7: lists variables and goes down into them', async () => {
    await runCell(subject.runtime, 'import math\ndata = {"rows": [10, {"deep": "value"}]}\nnumber = 3\n_hidden = 1');
    const { variables } = mrpVariables.parse(await ask('variables', {}));
    const names = variables.map((variable) => variable.name);
    expect(names).toEqual(expect.arrayContaining(['data', 'number']));
    for (const hidden of ['math', '_hidden', 'display', 'In', 'Out', 'exit']) expect(names).not.toContain(hidden);
    expect(variables.find((variable) => variable.name === 'data')).toMatchObject({
      type: 'dict',
      expandable: true,
      length: 1,
      keys: ['rows'],
    });
    const top = mrpVariableDetail.parse(await ask('variable', { name: 'data' }));
    expect(top.children.map((child) => child.name)).toEqual(['rows']);
    const deep = mrpVariableDetail.parse(await ask('variable', { name: 'data', path: ['rows', '1', 'deep'] }));
    expect(deep).toMatchObject({ type: 'str', fullValue: 'value' });
    await expect(ask('variable', { name: 'no_such_variable' })).rejects.toThrow();
  });

  it('AG7: goes down into objects, sets and tuples, and says what an object can do', async () => {
    await runCell(
      subject.runtime,
      'class Point:\n    def __init__(self): self.x, self.tags = 1, {"a"}\n    def move(self): pass\n    @property\n    def boom(self): raise ValueError\npoint, pair = Point(), ("l", [1, 2])',
    );
    const point = mrpVariableDetail.parse(await ask('variable', { name: 'point' }));
    expect(point.children.map(({ name, value }) => [name, value])).toEqual([
      ['tags', "{'a'}"],
      ['x', '1'],
    ]);
    expect(point).toMatchObject({ methods: ['move'], attributes: ['boom', 'tags', 'x'] });
    expect(mrpVariableDetail.parse(await ask('variable', { name: 'point', path: ['tags', '0'] }))).toMatchObject({ fullValue: 'a' });
    expect(mrpVariableDetail.parse(await ask('variable', { name: 'pair', path: ['1', 1] }))).toMatchObject({ type: 'int', value: '2' });
    for (const path of [['tags', '7'], ['nothing']]) await expect(ask('variable', { name: 'point', path })).rejects.toThrow();
  });

  it('AG7: a crowded namespace is cut off, and says so', async () => {
    await runCell(subject.runtime, 'globals().update({f"crowd_{i}": i for i in range(600)})');
    const { variables, count, truncated } = mrpVariables.parse(await ask('variables', {}));
    expect([variables.length, truncated]).toEqual([500, true]);
    expect(count).toBeGreaterThanOrEqual(600);
    await runCell(subject.runtime, 'for i in range(600): del globals()[f"crowd_{i}"]');
  });

  it('AG7: a value whose repr() fails or never ends does not harm the runtime', async () => {
    await runCell(subject.runtime, 'class Bad:\n    def __repr__(self): raise ValueError("no")\nbad = Bad()');
    expect(mrpVariables.parse(await ask('variables', {})).variables.some((variable) => variable.name === 'bad')).toBe(true);
    await runCell(subject.runtime, 'class Endless:\n    def __repr__(self):\n        while True: pass\nendless = Endless()');
    await expect(askOnce('variables', {})).rejects.toMatchObject({ name: 'RuntimeUnavailableError' });
    expect((await runCell(subject.runtime, 'del endless, bad\nprint("alive")')).some((event) => event.event === 'stdout')).toBe(true);
  });
}
