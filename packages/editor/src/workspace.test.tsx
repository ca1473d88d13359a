// @vitest-environment happy-dom

import { EditorView } from '@codemirror/view';
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { documentIdAt, type FakeHost, fakeHost, fakeReplacement } from './testing/fake-host.tsx';
import { Workspace } from './workspace.tsx';

const TEXT = '# Hello\n\n```python\nprint(1)\n```\n\n```python\nprint(2)\n```\n';
let root: Root | null = null;

beforeAll(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
});
afterEach(async () => {
  await act(async () => root?.unmount());
  root = null;
  document.body.replaceChildren();
});

async function show(host: FakeHost, documentId = documentIdAt(0)): Promise<void> {
  const place = document.body.appendChild(document.createElement('div'));
  root = createRoot(place);
  await act(async () => root!.render(<Workspace host={host} documentId={documentId} />));
}
/** Switches to another document. */
const look = (host: FakeHost, documentId: string) => act(async () => root!.render(<Workspace host={host} documentId={documentId} />));
const all = (id: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const editor = (): EditorView => EditorView.findFromDOM(document.querySelector<HTMLElement>('.cm-editor')!)!;
const newest = (host: FakeHost) => host.runsOf(documentIdAt(0)).get()[0]!;
const until = (check: () => void) =>
  vi.waitFor(async () => {
    // React first: what it has queued inside of an `act` whose callback throws is lost.
    await act(async () => undefined);
    check();
  }, 60_000);

describe('workspace', () => {
  it('WB3: shows the cached text, the title and the save state at once', async () => {
    await show(fakeHost({ 'hello.md': TEXT }));
    expect(document.querySelector('.cm-content')?.textContent).toContain('Hello');
    expect(document.querySelector('h1')?.textContent).toBe('Hello');
    expect(all('save-state')[0]?.textContent).toBe('Saved');
    expect(all('cell-run').map((button) => button.dataset.cellIndex)).toEqual(['0', '1']);
  });

  it('WB6, RU22: a run tells where it goes, streams, and says where it ran', async () => {
    const host = fakeHost({ 'hello.md': TEXT });
    await show(host);
    await act(async () => all('cell-run')[1]!.click());
    await until(() => expect(newest(host)?.code).toBe('print(2)'));
    expect(all('cell-status')[0]?.textContent).toBe('Sending to MacBook Pro…');
    const { id } = newest(host);
    await act(async () => {
      host.change(id, { state: 'running', startedAt: new Date(0), ranOn: 'MacBook Pro' });
      host.emit(id, { kind: 'stdout', text: 'two\n' });
    });
    await until(() => expect(all('cell-output')[0]?.textContent).toContain('two'));
    expect(all('cell-output')[0]?.dataset.cellIndex).toBe('1');
    expect(all('run-announcer')[0]?.textContent).toBe('Cell 2: Running');
    await act(async () => {
      host.emit(id, { kind: 'ended', outcome: 'completed', durationMs: 300 });
      host.change(id, { state: 'completed', endedAt: new Date(300) });
    });
    expect(all('ran-on')[0]?.textContent).toBe('ran on MacBook Pro · 0.3 s');
    expect(all('cell-status')[0]?.textContent).toBe('Done');
  });

  it('RU20: a run stands at its cell also where text above has moved it since the shape was read', async () => {
    const cell = '```python\nprint(1)\n```\n\n';
    const host = fakeHost({ 'hello.md': `Words.\n\n${cell}${cell}` });
    await show(host);
    // The first cell stands where the second was read.
    await act(async () => editor().dispatch({ changes: { from: 5, insert: 'x'.repeat(cell.length) }, userEvent: 'input.type' }));
    await act(async () => all('cell-run')[0]!.click());
    await until(() => expect(newest(host)).toBeDefined());
    const { id } = newest(host);
    await act(async () => host.change(id, { state: 'running', startedAt: new Date(0), ranOn: 'MacBook Pro' }));
    expect(all('cell-status').map(({ dataset }) => [dataset.cellIndex, dataset.state])).toEqual([['0', 'running']]);
  });

  it('RU6: after a fallback, offers the way back to the device that is online again', async () => {
    const host = fakeHost({ 'hello.md': TEXT });
    await show(host);
    await act(async () => all('cell-run')[0]!.click());
    await until(() => expect(newest(host)).toBeDefined());
    const { id } = newest(host);
    const at = new Date(0);
    await act(async () =>
      host.change(id, {
        state: 'completed',
        target: { kind: 'cloud' },
        reason: 'fallback_device_offline',
        ranOn: 'Cloud',
        startedAt: at,
        endedAt: at,
      }),
    );
    const back = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Run on MacBook Pro');
    await act(async () => back!.click());
    await until(() => expect(host.runsOf(documentIdAt(0)).get()).toHaveLength(2));
    const sent = host.calls.filter((call) => call.name === 'startRuns').at(-1)!.args[0] as { target?: unknown }[];
    expect(sent[0]!.target).toEqual({ kind: 'device', deviceId: host.devices.get()[0]!.id });
  });

  it('RU14: a password is asked for masked and sent', async () => {
    const host = fakeHost({ 'hello.md': TEXT });
    await show(host);
    await act(async () => all('cell-run')[0]!.click());
    await until(() => expect(newest(host)).toBeDefined());
    const { id } = newest(host);
    await act(async () =>
      host.change(id, { state: 'running', startedAt: new Date(), awaitingInput: { prompt: 'Password: ', password: true, execId: 'e' } }),
    );
    const input = all('run-input')[0] as HTMLInputElement;
    expect(input.type).toBe('password');
    await act(async () => all('run-input-send')[0]!.click());
    await until(() => expect(host.calls).toContainEqual({ name: 'sendInput', args: [id, 'e', ''] }));
  });

  it('RU20, RU22: without known runs, draws the output that is in the document and says where it came from', async () => {
    const host = fakeHost({ 'hello.md': '```python\nprint(1)\n```\n\n```output:old\nkept text\n```\n' });
    const note = JSON.stringify({ ranOn: 'MacBook Pro', durationMs: 300, freshSession: false });
    host.documentOf(documentIdAt(0)).doc.getMap('markco').set('output:old', note);
    await show(host);
    expect(all('ran-on')[0]?.textContent).toBe('ran on MacBook Pro · 0.3 s');
    expect(all('cell-output')[0]?.textContent).toContain('kept text');
    expect(document.querySelector('.cm-content')?.textContent).not.toContain('output:old');
  });

  it('WB3, WB9: a switch back shows the editor as it was left, with what came meanwhile', async () => {
    const host = fakeHost({ 'hello.md': TEXT, 'other.md': '# Other\n' });
    await show(host);
    const first = editor();
    await act(async () => {
      first.dispatch({ selection: { anchor: 3 } });
      first.scrollDOM.scrollTop = 120;
      first.scrollDOM.dispatchEvent(new Event('scroll'));
    });
    const { doc, awareness } = host.documentOf(documentIdAt(0));
    awareness.setLocalStateField('cursor', { anchor: null, head: null });
    await look(host, documentIdAt(1));
    expect(document.querySelectorAll('.cm-editor')).toHaveLength(1);
    expect(editor().state.doc.toString()).toBe('# Other\n');
    // Nobody sees us in a document that we do not look at.
    expect(awareness.getLocalState()?.cursor).toBe(null);
    doc.transact(() => doc.getText('content').insert(0, 'New. '), 'somebody else');
    await look(host, documentIdAt(0));
    expect(editor()).toBe(first);
    expect(first.state.doc.toString()).toBe(`New. ${TEXT}`);
    expect(first.state.selection.main.head).toBe(8);
    expect(first.scrollDOM.scrollTop).toBe(120);
    expect(document.querySelector('.cm-content')?.textContent).toContain('New.');
    expect(all('cell-run').map((button) => button.dataset.cellIndex)).toEqual(['0', '1']);
    await act(async () => first.dispatch({ changes: { from: 0, insert: 'Typed. ' } }));
    expect(doc.getText('content').toString()).toBe(`Typed. New. ${TEXT}`);
  });

  it('WB3, WB6: while a document is not looked at its runs are not followed; shown again, they are as they are now', async () => {
    const host = fakeHost({ 'hello.md': TEXT, 'other.md': '# Other\n' });
    await show(host);
    await act(async () => all('cell-run')[0]!.click());
    await until(() => expect(newest(host)).toBeDefined());
    const { id } = newest(host);
    await act(async () => host.change(id, { state: 'running', startedAt: new Date(0), ranOn: 'MacBook Pro' }));
    await look(host, documentIdAt(1));
    expect(host.watchersOf(id)).toBe(0);
    await act(async () => {
      host.emit(id, { kind: 'stdout', text: 'meanwhile\n' });
      host.emit(id, { kind: 'ended', outcome: 'completed', durationMs: 300 });
      host.change(id, { state: 'completed', endedAt: new Date(300) });
    });
    await look(host, documentIdAt(0));
    await until(() => expect(all('cell-output')[0]?.textContent).toContain('meanwhile'));
    expect(all('cell-status')[0]?.textContent).toBe('Done');
  });

  it('WB3: keeps the editors of five documents, and none of a document that the host let go of', async () => {
    const texts = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`page-${i}.md`, `# Page ${i}\n`]));
    const host = fakeHost(texts);
    await show(host);
    const views: EditorView[] = [editor()];
    for (let i = 1; i < 6; i++) {
      await look(host, documentIdAt(i));
      views.push(editor());
    }
    await look(host, documentIdAt(1));
    expect(editor()).toBe(views[1]);
    await look(host, documentIdAt(0));
    expect(editor()).not.toBe(views[0]);
    expect(editor().state.doc.toString()).toBe('# Page 0\n');
    await act(async () => host.letGo(documentIdAt(5)));
    await look(host, documentIdAt(5));
    expect(editor()).not.toBe(views[5]);
    expect(editor().state.doc.toString()).toBe('# Page 5\n');
  });

  it('re-attaches to a replaced history and keeps the cursor', async () => {
    const host = fakeHost({ 'hello.md': TEXT });
    await show(host);
    await act(async () => editor().dispatch({ selection: { anchor: 4 } }));
    const id = documentIdAt(0);
    await act(async () => host.documentOf(id).replacedBy.set(fakeReplacement(id, '# Newer\n')));
    expect(editor().state.doc.toString()).toBe('# Newer\n');
    expect(editor().state.selection.main.head).toBe(4);
  });

  it('offers the text of a document that is gone', async () => {
    const host = fakeHost({ 'hello.md': TEXT });
    await show(host);
    await act(async () => host.documentOf(documentIdAt(0)).gone.set('It was deleted on MacBook Pro.'));
    expect(document.body.textContent).toContain('It was deleted on MacBook Pro.');
    expect(document.body.textContent).toContain('Copy the text kept here');
  });

  it('WB3: the tree prefetches what is pointed at and opens what is clicked', async () => {
    const host = fakeHost({ 'hello.md': TEXT, 'other.md': 'x' });
    vi.stubGlobal('matchMedia', (query: string) => ({ matches: query.includes('1024'), addEventListener() {}, removeEventListener() {} }));
    await show(host);
    const link = all('doc-link').find((each) => each.dataset.path === 'other.md')!;
    await act(async () => link.focus());
    await act(async () => link.click());
    expect(host.calls).toContainEqual({ name: 'prefetch', args: [documentIdAt(1)] });
    expect(host.calls).toContainEqual({ name: 'navigate', args: [{ documentId: documentIdAt(1) }] });
    vi.unstubAllGlobals();
  });

  it('WB2: shows what the document was and what a restore changes, restores, and takes it back', async () => {
    const host = fakeHost({ 'hello.md': TEXT });
    const at = new Date();
    const daily = { id: documentIdAt(90), kind: 'daily', at, reason: null, by: null, size: 9 } as const;
    host.versionsOf = [{ view: daily, text: '# Earlier\n' }];
    await show(host);
    await press('More');
    await press('Version history');
    await until(() => expect(all('version')[0]?.textContent).toContain('Daily'));
    await act(async () => all('version')[0]!.click());
    await until(() => expect(all('version-count')[0]?.textContent).toBe('1 line comes back (+), 9 lines go (−).'));
    expect(document.querySelector('ins')?.textContent).toBe('Comes back: +# Earlier');
    await act(async () => all('version-restore')[0]!.click());
    await until(() => expect(all('version-done')[0]?.textContent).toContain('The document is back to'));
    expect(host.documentOf(documentIdAt(0)).doc.getText('content').toString()).toBe('# Earlier\n');
    await until(() => expect(all('version')).toHaveLength(2));
    expect(all('version')[0]!.textContent).toContain('Before you restored');
    await press('Undo');
    await until(() => expect(all('version-done')[0]?.textContent).toContain('Undone'));
    expect(host.documentOf(documentIdAt(0)).doc.getText('content').toString()).toBe(TEXT);
  });

  it('WB2, WB8: says that there are no versions, or why they cannot be shown', async () => {
    const host = fakeHost({ 'hello.md': TEXT });
    let fails = true;
    const list = host.versions!.list;
    host.versions!.list = (id) => (fails ? Promise.reject(new TypeError('Failed to fetch')) : list(id));
    await show(host);
    await press('More');
    await press('Version history');
    const panel = () => document.querySelector('[role=tabpanel]')!.textContent;
    await until(() => expect(panel()).toContain('The versions cannot be shown. The server cannot be reached now.'));
    fails = false;
    await press('Try again');
    await until(() => expect(panel()).toContain('No versions yet.'));
  });
});

/** Presses a button or a menu item by its name. */
async function press(name: string): Promise<void> {
  const all = [...document.querySelectorAll<HTMLElement>('button, [role=menuitem]')];
  const found = all.find((each) => each.getAttribute('aria-label') === name || each.textContent?.trim() === name);
  if (!found) throw new Error(`There is no "${name}".`);
  await act(async () => found.click());
}
