import { Facet } from '@codemirror/state';
import { type EditorView, WidgetType } from '@codemirror/view';

/** What React draws inside the editor. `cell`: by key and place; the others carry their source. */
export type PortalInfo =
  | { kind: 'head'; key: number; index: number; language: string; info: string }
  | { kind: 'foot'; key: number; index: number; language: string; outputRunId: string; outputText: string; hasOutput: boolean }
  | { kind: 'front'; source: string }
  | { kind: 'table'; source: string }
  | { kind: 'math'; source: string }
  | { kind: 'tail' };

export type PortalEntry = { id: number; element: HTMLElement; info: PortalInfo };

/** The widgets that have an element on the page now; React renders a portal into each. */
export class PortalRegistry {
  #entries: readonly PortalEntry[] = [];
  #nextId = 1;
  readonly #listeners = new Set<() => void>();
  readonly #heights = new Map<string, number>();
  readonly #observers = new Map<HTMLElement, ResizeObserver>();
  #told = false;

  readonly get = (): readonly PortalEntry[] => this.#entries;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  add(element: HTMLElement, info: PortalInfo, view: EditorView): void {
    this.#entries = [...this.#entries, { id: this.#nextId++, element, info }];
    const height = this.#heights.get(heightKey(info));
    // The last known height until React has drawn, so that nothing jumps while scrolling.
    if (height) element.style.minHeight = `${height}px`;
    this.#observe(element, view);
    this.#tell();
  }

  update(element: HTMLElement, info: PortalInfo): void {
    this.#entries = this.#entries.map((entry) => (entry.element === element ? { ...entry, info } : entry));
    this.#tell();
  }

  remove(element: HTMLElement): void {
    this.#observers.get(element)?.disconnect();
    this.#observers.delete(element);
    this.#entries = this.#entries.filter((entry) => entry.element !== element);
    this.#tell();
  }

  heightOf(info: PortalInfo): number {
    return this.#heights.get(heightKey(info)) ?? -1;
  }

  #observe(element: HTMLElement, view: EditorView): void {
    if (typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => {
      const entry = this.#entries.find((each) => each.element === element);
      if (!entry || !element.isConnected) return;
      if (element.firstElementChild) {
        element.style.minHeight = '';
        this.#heights.set(heightKey(entry.info), element.offsetHeight);
      }
      view.requestMeasure();
    });
    observer.observe(element);
    this.#observers.set(element, observer);
  }

  /** One telling for all that changes in one editor update, and after it: React must not draw while the editor does. */
  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

const heightKey = (info: PortalInfo): string =>
  'key' in info ? `${info.kind}:${info.key}` : `${info.kind}:${'source' in info ? info.source : ''}`;

/** The registry of an editor. */
export const portalRegistry = Facet.define<PortalRegistry, PortalRegistry | null>({ combine: (values) => values[0] ?? null });

/** A widget whose inside React draws. Elements are kept while only the info changes. */
export class PortalWidget extends WidgetType {
  readonly info: PortalInfo;
  readonly #registry: PortalRegistry;

  constructor(info: PortalInfo, registry: PortalRegistry) {
    super();
    this.info = info;
    this.#registry = registry;
  }

  override eq(other: PortalWidget): boolean {
    return sameInfo(this.info, other.info);
  }

  override get estimatedHeight(): number {
    return this.#registry.heightOf(this.info);
  }

  override toDOM(view: EditorView): HTMLElement {
    const element = document.createElement('div');
    element.className = `mk-portal mk-portal-${this.info.kind}`;
    element.contentEditable = 'false';
    this.#registry.add(element, this.info, view);
    return element;
  }

  override updateDOM(element: HTMLElement): boolean {
    if (!element.classList.contains(`mk-portal-${this.info.kind}`)) return false;
    this.#registry.update(element, this.info);
    return true;
  }

  override destroy(element: HTMLElement): void {
    this.#registry.remove(element);
  }

  /** Cells' controls work for themselves; a click on a drawn table or formula puts the cursor there, which shows its source. */
  override ignoreEvent(event: Event): boolean {
    if (this.info.kind === 'head' || this.info.kind === 'foot' || this.info.kind === 'tail') return true;
    return !(event.type === 'mousedown' && !(event.target as Element).closest('a,button,input,summary'));
  }
}

function sameInfo(a: PortalInfo, b: PortalInfo): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === (b as typeof a)[key]);
}
