import { Facet } from '@codemirror/state';

/** What the editor needs of its surroundings; the workspace gives it. */
export type EditorServices = {
  /** The address of an image named in the document; null where it cannot be had. */
  imageUrl(path: string): Promise<string | null>;
  /** Runs the cell at this place. */
  run(indexes: readonly number[]): void;
  openLink(href: string): void;
  openPage(target: string): void;
  introspect(language: string, op: string, body: Record<string, unknown>): Promise<unknown>;
  openPalette(mode: 'commands' | 'files'): void;
};

export const editorServices = Facet.define<EditorServices, EditorServices | null>({ combine: (values) => values[0] ?? null });
