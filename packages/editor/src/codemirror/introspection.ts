import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { EditorState } from '@codemirror/state';
import { type EditorView, hoverTooltip, type Tooltip } from '@codemirror/view';
import { cellAt } from '@markco/core/document/cells';
import { editorServices } from './services.ts';
import { structureOf } from './structure-field.ts';

type Match = { label?: unknown; insertText?: unknown; kind?: unknown; detail?: unknown; documentation?: unknown };

/** Completions of the runtime that holds the variables (AG7). Nothing where it does not answer. */
export async function runtimeCompletions(context: CompletionContext): Promise<CompletionResult | null> {
  const place = codeAt(context.state, context.pos);
  const services = context.state.facet(editorServices);
  if (!place || !services || (!context.explicit && !context.matchBefore(/[\w.]{2,}$|\.$/))) return null;
  const reply = asRecord(
    await services.introspect(place.language, 'complete', { code: place.code, cursor: place.cursor }).catch(() => null),
  );
  const matches = Array.isArray(reply?.matches) ? (reply.matches as Match[]) : [];
  if (context.aborted || matches.length === 0) return null;
  const start = typeof reply?.cursorStart === 'number' ? reply.cursorStart : place.cursor;
  return { from: context.pos - (place.cursor - start), options: matches.slice(0, 200).flatMap(toCompletion), validFor: /^\w*$/ };
}

function toCompletion(match: Match): Completion[] {
  if (typeof match.label !== 'string') return [];
  return [
    {
      label: match.label,
      ...(typeof match.insertText === 'string' && { apply: match.insertText }),
      ...(typeof match.kind === 'string' && { type: match.kind }),
      ...(typeof match.detail === 'string' && { detail: match.detail }),
      ...(typeof match.documentation === 'string' && { info: match.documentation }),
    },
  ];
}

/** What the runtime knows of the name under the pointer. */
export const runtimeHover = hoverTooltip(
  async (view: EditorView, pos: number): Promise<Tooltip | null> => {
    const place = codeAt(view.state, pos);
    const services = view.state.facet(editorServices);
    if (!place || !services) return null;
    const reply = asRecord(
      await services.introspect(place.language, 'hover', { code: place.code, cursor: place.cursor }).catch(() => null),
    );
    if (reply?.found !== true) return null;
    return { pos, create: () => ({ dom: hoverDom(reply) }) };
  },
  { hoverTime: 450 },
);

function hoverDom(reply: Record<string, unknown>): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'mk-hover';
  for (const [field, className] of [
    ['signature', 'mk-hover-signature'],
    ['type', 'mk-hover-type'],
    ['value', 'mk-hover-value'],
    ['docstring', 'mk-hover-doc'],
  ] as const) {
    const text = reply[field];
    if (typeof text !== 'string' || text === '') continue;
    const part = dom.appendChild(document.createElement('div'));
    part.className = className;
    part.textContent = text.slice(0, 2000);
  }
  return dom;
}

/** The code around an offset as MRP wants it: the cell's text and the cursor in UTF-16 units. */
function codeAt(state: EditorState, pos: number): { language: string; code: string; cursor: number } | null {
  const cell = cellAt(structureOf(state).cells, pos);
  if (!cell || pos < cell.codeStart || pos > cell.codeEnd) return null;
  return {
    language: cell.language,
    code: state.doc.sliceString(cell.codeStart, Math.max(cell.codeStart, cell.codeEnd - 1)),
    cursor: pos - cell.codeStart,
  };
}

const asRecord = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
