import { type EditorView, WidgetType } from '@codemirror/view';
import { drawMath } from '../outputs/render-math.ts';
import { editorServices } from './services.ts';

/** A list's bullet. */
export class BulletWidget extends WidgetType {
  override eq(): boolean {
    return true;
  }
  override toDOM(): HTMLElement {
    return span('mk-bullet', '•');
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** `---` as a line. */
export class RuleWidget extends WidgetType {
  override eq(): boolean {
    return true;
  }
  override toDOM(): HTMLElement {
    return span('mk-rule', '');
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** A task's box; a tap writes the `x`. */
export class CheckboxWidget extends WidgetType {
  readonly #done: boolean;
  constructor(done: boolean) {
    super();
    this.#done = done;
  }
  override eq(other: CheckboxWidget): boolean {
    return this.#done === other.#done;
  }
  override toDOM(view: EditorView): HTMLElement {
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.className = 'mk-task';
    box.checked = this.#done;
    box.setAttribute('aria-label', 'Done');
    box.addEventListener('change', () => {
      const from = view.posAtDOM(box);
      view.dispatch({ changes: { from, to: from + 3, insert: box.checked ? '[x]' : '[ ]' }, userEvent: 'input.task' });
    });
    return box;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

/** `$…$`. */
export class InlineMathWidget extends WidgetType {
  readonly #source: string;
  constructor(source: string) {
    super();
    this.#source = source;
  }
  override eq(other: InlineMathWidget): boolean {
    return this.#source === other.#source;
  }
  override toDOM(): HTMLElement {
    const element = span('mk-math', this.#source);
    void drawMath(element, this.#source, false);
    return element;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** `[[page]]`. */
export class LinkWidget extends WidgetType {
  readonly #target: string;
  constructor(target: string) {
    super();
    this.#target = target;
  }
  override eq(other: LinkWidget): boolean {
    return this.#target === other.#target;
  }
  override toDOM(): HTMLElement {
    const label = this.#target.includes('|') ? this.#target.slice(this.#target.indexOf('|') + 1) : this.#target;
    const element = span('mk-link', label.trim());
    element.dataset.page = this.#target;
    return element;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** `![alt](path)`; keeps its height once known, so that nothing jumps. */
export class ImageWidget extends WidgetType {
  readonly #path: string;
  readonly #alt: string;
  constructor(path: string, alt: string) {
    super();
    this.#path = path;
    this.#alt = alt;
  }
  override eq(other: ImageWidget): boolean {
    return this.#path === other.#path && this.#alt === other.#alt;
  }
  override toDOM(view: EditorView): HTMLElement {
    const image = document.createElement('img');
    image.className = 'mk-image';
    image.alt = this.#alt;
    image.loading = 'lazy';
    const known = sizes.get(this.#path);
    if (known) [image.width, image.height] = known;
    image.addEventListener('load', () => {
      sizes.set(this.#path, [image.naturalWidth, image.naturalHeight]);
      view.requestMeasure();
    });
    const services = view.state.facet(editorServices);
    void services?.imageUrl(this.#path).then((url) => {
      if (url) image.src = url;
      else image.replaceWith(span('mk-missing', `Image not found: ${this.#alt || this.#path}`));
    });
    return image;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

const sizes = new Map<string, [number, number]>();

function span(className: string, text: string): HTMLElement {
  const element = document.createElement('span');
  element.className = className;
  element.textContent = text;
  return element;
}
