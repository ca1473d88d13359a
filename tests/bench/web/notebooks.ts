/** A page of notes with headings, prose, lists and cells, about `kilobytes` long; its first line names it. */
export function notebook(title: string, kilobytes: number): string {
  let text = `# ${title}\n\nThe first paragraph of ${title}.\n`;
  for (let part = 1; text.length < kilobytes * 1024; part++) {
    text += `\n## Part ${part}\n\n`;
    for (let line = 0; line < 6; line++)
      text += `Some *words* about \`part ${part}\`, with a [link](https://example.org/${part}), and **more** words after it, line ${line}.\n\n`;
    text += `- one thing\n- another, with $x_${part}^2$\n\n`;
    if (part % 4 === 0) text += `\`\`\`python\nvalues = [n * ${part} for n in range(10)]\nprint(sum(values))\n\`\`\`\n`;
    if (part % 9 === 0) text += `\n| a | b |\n|---|---|\n| ${part} | 2 |\n`;
  }
  return text;
}
