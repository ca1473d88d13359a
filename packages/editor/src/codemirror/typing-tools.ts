import { Compartment, type Extension } from '@codemirror/state';
import { type EditorView, keymap, ViewPlugin } from '@codemirror/view';

type Tools = typeof import('./late-tools.ts');

let loaded: Tools | null = null;
let loading: Promise<Tools> | null = null;
const slot = new Compartment();

/** The tools, where they are there already. */
export const loadedTools = (): Tools | null => loaded;

async function loadTools(): Promise<Tools> {
  loading ??= import('./late-tools.ts');
  try {
    loaded = await loading;
    return loaded;
  } catch (error) {
    // Without a network for a moment: asked again with the next use.
    loading = null;
    throw error;
  }
}

async function equip(view: EditorView, touch: boolean): Promise<Tools> {
  const tools = await loadTools();
  const current = slot.get(view.state);
  if (Array.isArray(current) && current.length === 0) view.dispatch({ effects: slot.reconfigure(tools.lateTools(touch)) });
  return tools;
}

/** Opens the find panel with the focus in it. */
export async function openFind(view: EditorView, touch = false): Promise<void> {
  const tools = await equip(view, touch).catch(() => null);
  tools?.openSearchPanel(view);
}

/** WB9: completions, brackets and find come when the text is first used, not with the page. */
export function typingTools(touch: boolean): Extension {
  const whenUsed = ViewPlugin.define(
    (view) => {
      let gone = false;
      const use = () => {
        if (!gone) void equip(view, touch).catch(() => undefined);
      };
      return { use, destroy: () => (gone = true) };
    },
    {
      eventObservers: {
        focus() {
          this.use();
        },
        pointermove() {
          this.use();
        },
      },
    },
  );
  return [
    slot.of(loaded ? loaded.lateTools(touch) : []),
    whenUsed,
    keymap.of([
      {
        key: 'Mod-f',
        run(view) {
          void openFind(view, touch);
          return true;
        },
      },
    ]),
  ];
}
