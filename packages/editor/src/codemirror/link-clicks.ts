import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { previewField } from './preview-mode.ts';
import { editorServices } from './services.ts';

/** Links open with a tap while reading, with Ctrl or Cmd while editing; a plain click edits. */
export function linkClicks(touch: boolean): Extension {
  return EditorView.domEventHandlers({
    click(event, view) {
      const link = (event.target as Element).closest<HTMLElement>('.mk-link');
      const services = view.state.facet(editorServices);
      if (!link || !services) return false;
      const reading = view.state.field(previewField).mode === 'reading';
      if (!reading && !event.metaKey && !event.ctrlKey && (touch || !link.dataset.page)) return false;
      event.preventDefault();
      if (link.dataset.page !== undefined) services.openPage(link.dataset.page);
      else if (link.dataset.href) services.openLink(link.dataset.href);
      return true;
    },
  });
}
