// @vitest-environment happy-dom

import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { documentIdAt, type FakeHost, fakeHost, LAPTOP_ID } from './testing/fake-host.tsx';
import { Workspace } from './workspace.tsx';

const TEXT = '```python\nprint(1)\n```\n\n```python\nprint(2)\n```\n';
let root: Root | null = null;
let host: FakeHost;

beforeAll(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
});
beforeEach(async () => {
  host = fakeHost({ 'hello.md': TEXT });
  root = createRoot(document.body.appendChild(document.createElement('div')));
  await act(async () => root!.render(<Workspace host={host} documentId={documentIdAt(0)} />));
});
afterEach(async () => {
  await act(async () => root?.unmount());
  root = null;
  document.body.replaceChildren();
});

const all = (id: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const runs = () => host.runsOf(documentIdAt(0)).get();
const until = (check: () => void) =>
  vi.waitFor(async () => {
    await act(async () => undefined);
    check();
  }, 60_000);
/** The menu item, button or row that begins with these words. */
const named = (words: string): HTMLButtonElement => {
  const found = [...document.querySelectorAll<HTMLButtonElement>('button, [role=menuitem]')].find((each) =>
    [each.getAttribute('aria-label'), each.textContent?.trim()].some((text) => text?.startsWith(words)),
  );
  if (!found) throw new Error(`There is no "${words}".`);
  return found;
};
const press = (words: string) => act(async () => named(words).click());
/** Runs the second cell; answers the run's id. */
async function tapRun(change: Parameters<FakeHost['change']>[1]): Promise<string> {
  const before = runs().length;
  await act(async () => all('cell-run')[1]!.click());
  await until(() => expect(runs()).toHaveLength(before + 1));
  const { id } = runs()[0]!;
  await act(async () => host.change(id, change));
  return id;
}
const sentTo = () => (host.calls.filter((call) => call.name === 'startRuns').at(-1)!.args[0] as { target?: unknown }[])[0]!.target;
const done = { state: 'completed', ranOn: 'MacBook Pro', startedAt: new Date(0), endedAt: new Date(300) } as const;

describe('the run menu of a cell', () => {
  it('RU5: says before what will happen at each place, and runs there', async () => {
    await act(async () =>
      host.devices.set([{ ...host.devices.get()[0]!, presence: 'offline', lastSeenAt: new Date(Date.now() - 720_000) }]),
    );
    await press('Run options for cell 2');
    expect(named('Run on MacBook Pro').textContent).toContain('Offline, last seen 12 min ago: the run waits for it');
    expect(named('Run in the cloud').textContent).toContain('Variables and files of your computers are not there');
    await press('Run on MacBook Pro');
    await until(() => expect(runs()).toHaveLength(1));
    expect(sentTo()).toEqual({ kind: 'device', deviceId: LAPTOP_ID });
  });

  it('RU20: shows the runs of the cell, and the output of one of them', async () => {
    const id = await tapRun(done);
    await act(async () => host.emit(id, { kind: 'stdout', text: 'from before\n' }));
    await act(async () => host.change(id, { lastSeq: 1 }));
    await press('Run options for cell 2');
    await press('Runs of this cell');
    await until(() => expect(all('run-row')).toHaveLength(1));
    expect(all('run-row')[0]!.textContent).toContain('ran on MacBook Pro · 0.3 s');
    await act(async () => all('run-row')[0]!.querySelector('button')!.click());
    await until(() => expect(all('run-detail')[0]?.textContent).toContain('from before'));
    await press('Open full log');
    await until(() => expect(document.querySelector('dialog')?.textContent).toContain('1 line'));
  });

  it('RU12: asks before a restart, and says so where it fails', async () => {
    host.sessionOp = async () => {
      throw new Error('MacBook Pro is not connected.');
    };
    await press('Run options for cell 1');
    await press('Restart session');
    await until(() => expect(all('restart-session')).toHaveLength(1));
    await act(async () => all('restart-session')[0]!.click());
    await until(() => expect(document.querySelector('dialog')?.textContent).toContain('MacBook Pro is not connected.'));
  });

  it('RU12: asks before variables are cleared, from the menu of a cell and beside the variables, and does it once', async () => {
    await tapRun({ ...done, sessionName: 'heavy' });
    const dialogText = () => all('reset-session')[0]?.closest('dialog')?.textContent;
    const cleared = () => host.calls.filter(({ name }) => name === 'sessionOp');
    await press('Run options for cell 2');
    await press('Clear variables');
    await until(() => expect(dialogText()).toContain('The python session “heavy” forgets its variables'));
    await press('Keep them');
    await press('Variables');
    await until(() => named('Clear variables…'));
    await press('Clear variables…');
    await until(() => expect(dialogText()).toContain('Its interpreter goes on'));
    expect(cleared()).toEqual([]);
    await act(async () => all('reset-session')[0]!.click());
    await until(() => expect(all('reset-session')).toHaveLength(0));
    expect(cleared().map(({ args }) => args[0])).toEqual([{ language: 'python', sessionName: 'heavy', op: 'reset' }]);
  });
});

describe('a run that waits', () => {
  const waiting = { target: { kind: 'queue' }, reason: 'queued_device_offline', message: 'Waiting for MacBook Pro' } as const;

  it('RU8: goes to the cloud instead, discarded where it waited', async () => {
    const id = await tapRun(waiting);
    expect(all('run-note')[0]!.textContent).toContain('Waiting since');
    await press('Run in the cloud instead');
    await until(() => expect(runs()).toHaveLength(2));
    expect(runs().find((run) => run.id === id)).toMatchObject({ state: 'cancelled', exitReason: 'discarded' });
    expect(sentTo()).toEqual({ kind: 'cloud' });
  });

  it('RU8, RU10: where it has begun meanwhile, nothing is started in the cloud', async () => {
    await tapRun(waiting);
    host.decideWaiting = async () => [];
    await press('Run in the cloud instead');
    await until(() => expect(document.querySelector('[role=alert]')?.textContent).toContain('nothing was started in the cloud'));
    expect(runs()).toHaveLength(1);
  });

  it('RU8: one the person has released is not asked about again', async () => {
    const id = await tapRun({ ...waiting, heldSince: new Date() });
    expect(document.body.textContent).toContain('1 run has waited for more than an hour.');
    await act(async () => host.change(id, { heldSince: null, message: 'Runs as soon as the computer is there.' }));
    expect(document.body.textContent).not.toContain('waited for more than an hour');
  });
});

it('RU11, RU12: a run without contact can be given up, once and for all', async () => {
  const id = await tapRun({ state: 'running', ranOn: 'MacBook Pro', startedAt: new Date(), contactLostSince: new Date() });
  expect(all('run-note')[0]!.textContent).toContain('nothing runs twice');
  await press('Give it up now');
  expect(host.calls).toContainEqual({ name: 'cancelRun', args: [id, true] });
});
