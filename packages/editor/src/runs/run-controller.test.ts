import { type ProjectConfig, parseMrmdConfig } from '@markco/core/project/mrmd-config';
import { type CreateRunInput, createRunInput } from '@markco/core/run/run';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type * as Y from 'yjs';
import { createLive } from '../live.ts';
import { documentIdAt, type FakeHost, fakeHost } from '../testing/fake-host.tsx';
import { decodeAnchor } from './build-run.ts';
import { RunController } from './run-controller.ts';

const TEXT =
  '---\nsession:\n  python:\n    name: stats\n---\n\n```python\na = 1\n```\n\n```json\n{}\n```\n\n```python\n#| eval: false\nskip\n```\n\n```{python}\nb = 2\n```\n';

function setup(text = TEXT): { host: FakeHost; controller: RunController; doc: Y.Doc } {
  const host = fakeHost({ 'a.md': text });
  const open = host.open(documentIdAt(0));
  const controller = new RunController(host, open);
  cleanups.push(controller.follow(), () => controller.close());
  return { host, controller, doc: open.doc };
}
// The YAML parser loads with the first run, which a busy machine may take a while for.
const eventually = (check: () => void) => vi.waitFor(check, 60_000);
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});
const started = async (host: FakeHost): Promise<CreateRunInput[]> => {
  await eventually(() => expect(host.calls.some((call) => call.name === 'startRuns')).toBe(true));
  return host.calls.find((call) => call.name === 'startRuns')!.args[0] as CreateRunInput[];
};

describe('run controller', () => {
  it('WB6: says at once where the run is sent', () => {
    const { controller } = setup();
    controller.run([0]);
    expect(controller.pending.get()).toMatchObject([{ state: 'sending', message: 'Sending to MacBook Pro…' }]);
  });

  it('RU3: sends the code as shown with hash, anchor, state vector and session', async () => {
    const { host, controller, doc } = setup();
    controller.run([0]);
    // Typed after the tap: not part of the run, and the anchor moves along.
    doc.getText('content').insert(0, 'New first line\n');
    const [input] = await started(host);
    expect(() => createRunInput.parse(input)).not.toThrow();
    expect(input).toMatchObject({ code: 'a = 1', language: 'python', cellIndex: 0, sessionName: 'stats', epoch: 'epoch-1' });
    expect(input).not.toHaveProperty('frontMatter');
    const text = doc.getText('content').toString();
    expect(decodeAnchor(doc, input!.anchor!)).toBe(text.indexOf('```', text.indexOf('a = 1')));
  });

  it('RU3: a document that names no session runs in the one mrmd.md names, once that is known', async () => {
    const { host, controller } = setup('```python\na = 1\n```\n\n```bash\nls\n```\n');
    const projectConfig = createLive<ProjectConfig | null>(null);
    const configReady = async () => projectConfig.set(parseMrmdConfig('```yaml config\nsession: {python: {name: shared}}\n```\n').config);
    Object.assign(host, { projectConfig, configReady });
    controller.runAll();
    const [input, other] = await started(host);
    expect(input).toMatchObject({ language: 'python', sessionName: 'shared' });
    expect(other?.sessionName ?? 'default').toBe('default');
  });

  it('RU4: all cells are one batch in order; what cannot or must not run is left out', async () => {
    const { host, controller } = setup();
    controller.runAll();
    const inputs = await started(host);
    expect(inputs.map((input) => [input.code, input.ordinal])).toEqual([
      ['a = 1', 0],
      ['b = 2', 1],
    ]);
    expect(new Set(inputs.map((input) => input.batchId)).size).toBe(1);
    expect(inputs[0]!.batchId).toBeDefined();
  });

  it('RU5: the chosen target goes with the run', async () => {
    const { host, controller } = setup();
    controller.chosen.set({ kind: 'cloud' });
    controller.run([0]);
    expect(controller.pending.get()[0]!.message).toBe('Sending to Cloud…');
    expect((await started(host))[0]!.target).toEqual({ kind: 'cloud' });
  });

  it('forgets what is pending when the server shows it', async () => {
    const { host, controller } = setup();
    controller.run([0]);
    await started(host);
    await eventually(() => expect(controller.pending.get()).toEqual([]));
  });

  it('WB4: a run kept for later says so', async () => {
    const { host, controller } = setup();
    host.nextStart = { keep: true };
    controller.run([0]);
    await eventually(() => expect(controller.pending.get()).toMatchObject([{ state: 'kept', message: 'Will run when connected' }]));
  });

  it('a refused run tells why and can be sent again under a new id', async () => {
    const { host, controller } = setup();
    host.nextStart = { fail: '50 runs are waiting in this project. Wait until some are done.' };
    controller.run([0]);
    await eventually(() =>
      expect(controller.pending.get()[0]).toMatchObject({ state: 'failed', message: expect.stringContaining('50 runs') }),
    );
    const failed = controller.pending.get()[0]!;
    controller.retry(failed);
    await eventually(() => expect(host.runsOf(documentIdAt(0)).get()).toHaveLength(1));
    expect(host.runsOf(documentIdAt(0)).get()[0]!.id).not.toBe(failed.id);
  });

  it('RU17: a feed is watched once from the last event it has', () => {
    const { host, controller } = setup();
    const stop = controller.feeds.watch('run-1');
    const again = controller.feeds.watch('run-1');
    host.emit('run-1', { kind: 'stdout', text: 'hello' });
    expect(controller.feeds.peek('run-1').get().lastSeq).toBe(1);
    stop();
    again();
    controller.feeds.watch('run-1')();
    expect(host.calls.filter((call) => call.name === 'watchRun').map((call) => call.args)).toEqual([
      ['run-1', 0],
      ['run-1', 1],
    ]);
  });
});
