import { mrpVariableDetail, mrpVariables } from '@markco/core/mrp/answers';
import { expect, it } from 'vitest';
import type { MrpFeatures, MrpSubject } from '../mrp-conformance.ts';
import { displaysOf, errorOf, itWith, namesOf, runCell, startCell } from './run-cell.ts';

/** RU19: what cells show besides text. */
export function displayCases(subject: MrpSubject, features: MrpFeatures): void {
  bundleCases(subject);
  liveCases(subject);
  updateCases(subject);
  libraryCases(subject, features);
}

function bundleCases(subject: MrpSubject): void {
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

  it('RU19: every kind of bundle passes, and a repr that fails leaves the others', async () => {
    const kinds = { svg: ['image/svg+xml', '<svg/>'], latex: ['text/latex', '$x$'], json: ['application/json', { a: [1, null] }] } as const;
    for (const [name, [mime, value]] of Object.entries(kinds)) {
      const literal = JSON.stringify(value).replace('null', 'None');
      const code = `class Kind:\n    def _repr_${name}_(self): return ${literal}\n    def _repr_html_(self): raise ValueError\n    def __repr__(self): return "plain"\ndisplay(Kind())`;
      const events = await runCell(subject.runtime, code);
      expect(errorOf(events)).toBeNull();
      expect(displaysOf(events)).toEqual([{ 'text/plain': 'plain', [mime]: value }]);
    }
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
}

/** Where IPython is there it has its own; ours does without. */
const CLEAR = 'try:\n    from IPython.display import clear_output\nexcept ImportError:\n    pass\n';

function liveCases(subject: MrpSubject): void {
  it('RU19: a display comes while the cell still runs, with all its forms', async () => {
    const code =
      'class Live:\n    def _repr_html_(self): return "<i>live</i>"\n    def __repr__(self): return "live"\ndisplay(Live())\ninput()\ndisplay("after");';
    const run = startCell(subject.runtime, code);
    await run.until((event) => event.event === 'stdin_request');
    expect(displaysOf(run.events)).toEqual([{ 'text/plain': 'live', 'text/html': '<i>live</i>' }]);
    await subject.runtime.input(run.execId, '');
    expect(displaysOf(await run.ended)).toHaveLength(2);
  });

  it('RU19: what a thread shows and prints arrives as well', async () => {
    const events = await runCell(
      subject.runtime,
      'import threading\ndef work():\n    print("from a thread")\n    display("shown")\ntry:\n    t = threading.Thread(target=work); t.start(); t.join()\nexcept RuntimeError:\n    work()',
    );
    expect(namesOf(events)).toEqual(['start', 'stdout', 'display', 'result', 'done']);
  });
}

function updateCases(subject: MrpSubject): void {
  it('RU20: clear_output says where in the output it was called, and whether it waits', async () => {
    const events = await runCell(
      subject.runtime,
      `${CLEAR}print("old")\nclear_output()\nprint("new")\nclear_output(wait=True)\nprint("last")`,
    );
    expect(namesOf(events)).toEqual(['start', 'stdout', 'display', 'stdout', 'display', 'stdout', 'result', 'done']);
    const clears = events.flatMap((event) => (event.event === 'display' ? [event.metadata] : []));
    expect(clears).toEqual([
      { clear_output: true, wait: false },
      { clear_output: true, wait: true },
    ]);
    const outcome = events.find((event) => event.event === 'result');
    expect(outcome).toMatchObject({ result: { stdout: 'last\n' } });
  });

  it('RU20: a display with an id is updated under the same id', async () => {
    const events = await runCell(
      subject.runtime,
      'display("one", display_id="bar")\nprint("between")\ndisplay("two", display_id="bar", update=True)\nhandle = display(1, display_id=True)\nhandle.update(2)',
    );
    expect(errorOf(events)).toBeNull();
    const shown = events.flatMap((event) => (event.event === 'display' ? [[event.data['text/plain'], event.metadata]] : []));
    const [first, second, third, fourth] = shown;
    expect([first, second]).toEqual([
      ["'one'", { display_id: 'bar' }],
      ["'two'", { display_id: 'bar', update: true }],
    ]);
    expect([third?.[0], fourth?.[0]]).toEqual(['1', '2']);
    const id = (third?.[1] as { display_id: string } | undefined)?.display_id;
    expect(id).toMatch(/\w{8}/);
    expect(fourth?.[1]).toEqual({ display_id: id, update: true });
  });
}

function libraryCases(subject: MrpSubject, features: MrpFeatures): void {
  itWith(features.matplotlib, 'matplotlib figures come as png, at show() and at the end of the cell', async () => {
    const events = await runCell(
      subject.runtime,
      'import matplotlib.pyplot as plt\nplt.plot([1, 2]);\nplt.show()\nprint("between")\nplt.plot([2, 1]);',
    );
    expect(errorOf(events)).toBeNull();
    expect(namesOf(events)).toEqual(['start', 'display', 'stdout', 'display', 'result', 'done']);
    expect(displaysOf(await runCell(subject.runtime, 'plt.plot([1, 2])'))).toHaveLength(2);
    for (const data of displaysOf(events))
      expect(data).toMatchObject({ 'image/png': expect.stringMatching(/^iVBOR/), 'text/plain': expect.any(String) });
  });

  itWith(features.matplotlib, 'matplotlib: a figure arrives while the cell still runs', async () => {
    const run = startCell(subject.runtime, 'plt.plot([3, 1]);\nplt.show()\ninput();');
    await run.until((event) => event.event === 'stdin_request');
    expect(displaysOf(run.events)).toHaveLength(1);
    await subject.runtime.input(run.execId, '');
    await run.ended;
  });

  itWith(features.pandas, 'RU19: a DataFrame comes as text/html and text/plain', async () => {
    const events = await runCell(
      subject.runtime,
      'import pandas as pd\nframe = pd.DataFrame({"city": ["Brno", "Graz"], "n": [1, 2]})\nframe',
    );
    expect(errorOf(events)).toBeNull();
    const [data] = displaysOf(events);
    expect(data?.['text/html']).toMatch(/<table[\s\S]*Brno[\s\S]*<\/table>/);
    expect(data?.['text/plain']).toMatch(/city\s+n\n0\s+Brno\s+1/);
  });

  itWith(features.pandas, 'AG7: a DataFrame and its columns are among the variables', async () => {
    const { variables } = mrpVariables.parse(await subject.runtime.introspect('variables', {}));
    expect(variables.find(({ name }) => name === 'frame')).toMatchObject({ type: 'DataFrame', shape: [2, 2], expandable: true });
    const { children } = mrpVariableDetail.parse(await subject.runtime.introspect('variable', { name: 'frame' }));
    expect(children.map(({ name }) => name)).toEqual(['city', 'n']);
    const column = mrpVariableDetail.parse(await subject.runtime.introspect('variable', { name: 'frame', path: ['n'] }));
    expect(column).toMatchObject({ type: 'Series', shape: [2], dtype: 'int64' });
  });
}
