/**
 * Stands in for Node's `buffer` in the browser's bundle (next.config.ts). `lib0/buffer` names it for Node only, and the bundler brings 7 KB
 * of it for that.
 */
export const Buffer = undefined;
