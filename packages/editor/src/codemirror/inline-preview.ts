import { syntaxTree } from '@codemirror/language';
import type { Range } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { SyntaxNodeRef } from '@lezer/common';
import { BulletWidget, CheckboxWidget, ImageWidget, InlineMathWidget, LinkWidget, RuleWidget } from './inline-widgets.ts';
import { previewField, reveals } from './preview-mode.ts';
import { structureOf } from './structure-field.ts';

const hide = Decoration.replace({});
const INLINE: Record<string, Decoration> = {
  StrongEmphasis: Decoration.mark({ class: 'mk-strong' }),
  Emphasis: Decoration.mark({ class: 'mk-em' }),
  Strikethrough: Decoration.mark({ class: 'mk-strike' }),
  InlineCode: Decoration.mark({ class: 'mk-inline-code' }),
};
const MATH = /(?<![\\$\w])\$(?![\s$])((?:\\.|[^$\\\n])+?)(?<!\s)\$(?![\d$])/g;
const WIKI = /\[\[([^\][\n]+)\]\]/g;

/** Draws markdown within lines, for what is on the screen only: a key press costs the same in a long document. */
export const inlinePreview = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = build(view);
    }
    update(update: ViewUpdate) {
      const tree = syntaxTree(update.state) !== syntaxTree(update.startState);
      const mode = update.state.field(previewField) !== update.startState.field(previewField);
      if (!update.docChanged && !update.viewportChanged && !update.selectionSet && !tree && !mode) return;
      // A composition lives in DOM nodes that must stay; its line is drawn when it ends.
      this.decorations = update.view.composing ? this.decorations.map(update.changes) : build(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

type Builder = { view: EditorView; out: Range<Decoration>[]; code: (pos: number) => boolean };

function build(view: EditorView): DecorationSet {
  const { state } = view;
  if (state.field(previewField).mode === 'raw') return Decoration.none;
  const { frontMatterEnd } = structureOf(state);
  const out: Range<Decoration>[] = [];
  const skipped = visibleBlocks(view);
  const code = (pos: number) => pos < frontMatterEnd || skipped.some(([from, to]) => pos >= from && pos < to);
  const builder: Builder = { view, out, code };
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(state).iterate({ from, to, enter: (node) => visit(builder, node) });
    drawPatterns(builder, from, to);
  }
  return Decoration.set(out, true);
}

/** Cells, outputs and drawn blocks that reach into the screen. */
function visibleBlocks(view: EditorView): (readonly [number, number])[] {
  const { cells, blocks } = structureOf(view.state);
  const { from, to } = view.viewport;
  const found: (readonly [number, number])[] = [];
  for (const cell of cells) {
    const end = cell.output?.end ?? cell.fenceEnd;
    if (end >= from && cell.fenceStart <= to) found.push([cell.fenceStart, end]);
  }
  for (const block of blocks) if (block.to >= from && block.from <= to) found.push([block.from, block.to]);
  return found;
}

function visit(builder: Builder, node: SyntaxNodeRef): boolean | undefined {
  const { name } = node;
  if (name === 'FencedCode' || name === 'CodeBlock') {
    if (!builder.code(node.from)) lines(builder, node.from, node.to, 'mk-plain-code');
    return false;
  }
  if (builder.code(node.from) && name !== 'Document')
    return name === 'BulletList' || name === 'OrderedList' || name === 'Blockquote' || name === 'ListItem';
  const heading = /^(?:ATX|Setext)Heading(\d)$/.exec(name);
  if (heading) lines(builder, node.from, node.to, `mk-h mk-h${heading[1]}`);
  else if (INLINE[name]) builder.out.push(INLINE[name].range(node.from, node.to));
  else if (name === 'Blockquote') lines(builder, node.from, node.to, 'mk-quote');
  else if (name === 'Link') return drawLink(builder, node);
  else if (name === 'Image') return drawImage(builder, node);
  else if (name === 'URL' || name === 'Autolink') drawUrl(builder, node);
  else drawMark(builder, node);
  return undefined;
}

const lineShows = ({ view }: Builder, from: number, to: number): boolean => {
  const { doc } = view.state;
  return reveals(view.state, doc.lineAt(from).from, doc.lineAt(to).to);
};

function lines({ view, out }: Builder, from: number, to: number, className: string): void {
  const { doc } = view.state;
  const start = Math.max(from, view.viewport.from);
  const stop = Math.min(to, view.viewport.to);
  for (let pos = start; pos <= stop; ) {
    const line = doc.lineAt(pos);
    out.push(Decoration.line({ class: className }).range(line.from));
    pos = line.to + 1;
  }
}

function drawMark(builder: Builder, node: SyntaxNodeRef): void {
  const { out, view } = builder;
  const { from, to, name } = node;
  if (!/^(HeaderMark|EmphasisMark|StrikethroughMark|CodeMark|QuoteMark|ListMark|TaskMarker|HorizontalRule|Escape)$/.test(name)) return;
  if (lineShows(builder, from, to)) return;
  const text = view.state.doc;
  switch (name) {
    case 'HeaderMark': {
      // The space after "#" goes with it; an underline of "===" stays, since hiding it would leave an empty line.
      const atx = text.sliceString(from, from + 1) === '#';
      const end = atx && text.sliceString(to, to + 1) === ' ' ? to + 1 : to;
      if (atx) out.push(hide.range(from, end));
      return;
    }
    case 'QuoteMark':
      out.push(hide.range(from, text.sliceString(to, to + 1) === ' ' ? to + 1 : to));
      return;
    case 'ListMark':
      if (/^[-*+]$/.test(text.sliceString(from, to))) drawBullet(builder, from, to);
      return;
    case 'TaskMarker':
      out.push(Decoration.replace({ widget: new CheckboxWidget(/x/i.test(text.sliceString(from, to))) }).range(from, to));
      return;
    case 'HorizontalRule':
      out.push(Decoration.replace({ widget: new RuleWidget() }).range(from, to));
      return;
    case 'Escape':
      out.push(hide.range(from, from + 1));
      return;
    default:
      out.push(hide.range(from, to));
  }
}

function drawBullet({ out, view }: Builder, from: number, to: number): void {
  const task = /^ \[[ xX]\] /.test(view.state.doc.sliceString(to, to + 5));
  out.push(task ? hide.range(from, to + 1) : Decoration.replace({ widget: new BulletWidget() }).range(from, to));
}

function drawLink(builder: Builder, node: SyntaxNodeRef): boolean {
  const { out, view } = builder;
  const text = view.state.doc.sliceString(node.from, node.to);
  const found = /^\[((?:[^\]\\]|\\.)*)\]\(\s*<?([^\s)>]*)>?[^)]*\)$/s.exec(text);
  if (!found || text.includes('\n')) return true;
  const label = found[1] ?? '';
  const start = node.from + 1;
  out.push(
    Decoration.mark({ class: 'mk-link', attributes: { 'data-href': found[2] ?? '', title: found[2] ?? '' } }).range(
      start,
      start + label.length || start + 1,
    ),
  );
  if (!lineShows(builder, node.from, node.to)) {
    out.push(hide.range(node.from, start));
    out.push(hide.range(start + label.length, node.to));
  }
  return false;
}

function drawUrl({ out, view }: Builder, node: SyntaxNodeRef): void {
  const url = view.state.doc.sliceString(node.from, node.to).replace(/^<|>$/g, '');
  if (node.node.parent?.name === 'Image') return;
  out.push(Decoration.mark({ class: 'mk-link', attributes: { 'data-href': url } }).range(node.from, node.to));
}

function drawImage(builder: Builder, node: SyntaxNodeRef): boolean {
  const { out, view } = builder;
  const text = view.state.doc.sliceString(node.from, node.to);
  const found = /^!\[([^\]]*)\]\(\s*<?([^\s)>]+)>?/.exec(text);
  if (!found || text.includes('\n') || lineShows(builder, node.from, node.to)) return false;
  out.push(Decoration.replace({ widget: new ImageWidget(found[2]!, found[1] ?? '') }).range(node.from, node.to));
  return false;
}

/** What the markdown grammar does not know: `$math$` and `[[links]]`. */
function drawPatterns(builder: Builder, from: number, to: number): void {
  const { view, out } = builder;
  const { doc } = view.state;
  for (let pos = from; pos <= to; ) {
    const line = doc.lineAt(pos);
    pos = line.to + 1;
    if (builder.code(line.from) || !/\$|\[\[/.test(line.text) || inCode(view, line.from)) continue;
    const shows = lineShows(builder, line.from, line.to);
    for (const match of line.text.matchAll(WIKI)) {
      const start = line.from + match.index;
      if (inCode(view, start + 1)) continue;
      if (!shows) out.push(Decoration.replace({ widget: new LinkWidget(match[1]!) }).range(start, start + match[0].length));
    }
    if (shows) continue;
    for (const match of line.text.matchAll(MATH)) {
      const start = line.from + match.index;
      if (!inCode(view, start + 1))
        out.push(Decoration.replace({ widget: new InlineMathWidget(match[1]!) }).range(start, start + match[0].length));
    }
  }
}

function inCode(view: EditorView, pos: number): boolean {
  for (let node = syntaxTree(view.state).resolveInner(pos, 1); node.parent; node = node.parent) {
    if (/Code|HTML|CommentBlock/.test(node.name)) return true;
  }
  return false;
}
