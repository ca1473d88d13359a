/** How a file writes its text, beside the text itself. */
export type TextShape = {
  bom: boolean;
  /** 'mixed': more than one kind of line end, or a lone CR; such a document holds the file's own characters. */
  eol: '\n' | '\r\n' | 'mixed';
  /** True when the text ends with a line end. */
  finalNewline: boolean;
};

/** The shape of a decoded file (FB6). An empty file and one without line ends count as '\n'. */
export function detectShape(fileText: string): TextShape {
  const bom = fileText.charCodeAt(0) === 0xfeff;
  const last = fileText.charCodeAt(fileText.length - 1);
  const finalNewline = last === 10 || last === 13;
  if (!fileText.includes('\r')) return { bom, eol: '\n', finalNewline };
  const pure = !/\r(?!\n)|(?<!\r)\n/.test(fileText);
  return { bom, eol: pure ? '\r\n' : 'mixed', finalNewline };
}

/** The document's text of a file: no BOM, and '\n' where the file is CRLF throughout; a mixed file keeps its line ends (FB6). */
export function toDocument(fileText: string, shape: TextShape): string {
  const text = shape.bom && fileText.charCodeAt(0) === 0xfeff ? fileText.slice(1) : fileText;
  return shape.eol === '\r\n' ? text.replaceAll('\r\n', '\n') : text;
}

/** The file's text of a document. `toFile(toDocument(f, s), s) === f` for `s = detectShape(f)`, to the byte (FB6). */
export function toFile(docText: string, shape: TextShape): string {
  const text = shape.eol === '\r\n' ? docText.replace(/\r?\n/g, '\r\n') : docText;
  return shape.bom ? `\ufeff${text}` : text;
}
