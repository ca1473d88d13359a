/**
 * A loader for `lib0/buffer` (next.config.ts), which names `Buffer` for Node only: the bundler sees a free name and brings its own copy of
 * Node's `buffer` to every page (WB9: 6 KB of the first load). Said as `globalThis.Buffer` it means the same and brings nothing.
 */
const NAMED = /(?<![.\w])Buffer\.from\(/g;

module.exports = (source) => {
  if (!NAMED.test(source)) throw new Error('lib0/buffer has changed: see whether this loader is still needed.');
  return source.replace(NAMED, 'globalThis.Buffer.from(');
};
