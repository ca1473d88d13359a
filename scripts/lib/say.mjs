/** Progress lines for people: what is being done now, and how long it took. No dependencies: runs before anything is installed. */
const tty = process.stdout.isTTY;
const dim = (text) => (tty ? `\u001b[2m${text}\u001b[0m` : text);
const bold = (text) => (tty ? `\u001b[1m${text}\u001b[0m` : text);
const red = (text) => (tty ? `\u001b[31m${text}\u001b[0m` : text);

export const paint = { dim, bold, red };

/** Prints one line. @param {string} text */
export const say = (text) => process.stdout.write(`${text}\n`);

/**
 * Runs one step and says when it began and how long it took.
 * @template T @param {string} title @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function step(title, work) {
  const start = Date.now();
  say(`${dim('·')} ${title} …`);
  const result = await work();
  say(`${dim('✓')} ${title} ${dim(`${((Date.now() - start) / 1000).toFixed(1)} s`)}`);
  return result;
}

/** Prints what happened, what it means and what to do, and ends the process. @param {string} what @param {string} [todo] @returns {never} */
export function fail(what, todo) {
  process.stderr.write(`${red('✗')} ${what}\n${todo ? `  ${todo}\n` : ''}`);
  process.exit(1);
}
