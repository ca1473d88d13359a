let loading: Promise<typeof import('katex').default> | null = null;
let katex: typeof import('katex').default | null = null;

/** Draws TeX into the element; its source stays where it cannot be read. KaTeX loads with the first formula. */
export async function drawMath(element: HTMLElement, source: string, display: boolean): Promise<void> {
  if (!katex) {
    loading ??= import('katex').then((module) => module.default);
    katex = await loading.catch(() => null);
  }
  if (!katex) return;
  try {
    katex.render(source, element, { displayMode: display, throwOnError: true, trust: false, maxSize: 50, maxExpand: 1000 });
  } catch (error) {
    element.textContent = source;
    element.classList.add('mk-math-bad');
    element.title = error instanceof Error ? error.message : 'This formula cannot be read.';
  }
}
