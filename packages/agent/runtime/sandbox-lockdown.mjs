// What code that got hold of JavaScript objects inside the sandbox must not find (AG6). The process itself is the first
// wall (no files, no children, no environment); this is the second, and the one in front of the network where the
// process is not in a network namespace of its own.
import { createRequire, syncBuiltinESMExports } from 'node:module';

const CLOSED = [
  'net',
  'tls',
  'http',
  'https',
  'http2',
  'dgram',
  'dns',
  'dns/promises',
  'child_process',
  'cluster',
  'worker_threads',
  'inspector',
  'inspector/promises',
  'repl',
  'vm',
  'v8',
  'wasi',
  'diagnostics_channel',
  'async_hooks',
  'trace_events',
  'sqlite',
];
const GLOBALS = [
  'process',
  'Buffer',
  'fetch',
  'WebSocket',
  'EventSource',
  'Request',
  'Response',
  'Headers',
  'FormData',
  'navigator',
  'require',
  'module',
  'BroadcastChannel',
  'MessageChannel',
  'MessagePort',
  'MessageEvent',
  'Worker',
  'SharedWorker',
  'crypto',
  'CompressionStream',
  'DecompressionStream',
  'Blob',
  'File',
  'Storage',
  'localStorage',
  'sessionStorage',
  'ReadableStream',
  'WritableStream',
  'global',
  'self',
];

const refuse = () => {
  throw new Error('Not available in the sandbox.');
};

/** Every function of the closed built-in modules, and the methods of their classes, throw from now on. */
export function closeBuiltins() {
  const require = createRequire(import.meta.url);
  const { Socket, Server } = require('node:net');
  for (const [owner, names] of [
    [Socket.prototype, ['connect']],
    [Server.prototype, ['listen']],
  ]) {
    for (const name of names) Object.defineProperty(owner, name, { value: refuse, writable: false, configurable: false });
  }
  for (const name of CLOSED) {
    let library;
    try {
      library = require(`node:${name}`);
    } catch {
      continue;
    }
    for (const key of Object.keys(library)) {
      const property = Object.getOwnPropertyDescriptor(library, key);
      if (typeof property.value !== 'function') continue;
      if (property.value.prototype) Object.freeze(property.value.prototype);
      try {
        Object.defineProperty(library, key, { value: refuse, writable: false, configurable: true, enumerable: true });
      } catch {
        // Not configurable: it stays, as there is no way to it without `process` or `require`.
      }
    }
  }
  syncBuiltinESMExports();
}

/** Takes the host's objects off the global object. */
export function dropGlobals() {
  for (const name of GLOBALS) {
    try {
      Object.defineProperty(globalThis, name, { value: undefined, writable: false, configurable: false, enumerable: false });
    } catch {
      delete globalThis[name];
    }
  }
}

const ROOTS = [
  'Object',
  'Function',
  'Array',
  'String',
  'Number',
  'Boolean',
  'Symbol',
  'BigInt',
  'Date',
  'RegExp',
  'Promise',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'FinalizationRegistry',
  'Proxy',
  'Reflect',
  'JSON',
  'Math',
  'Atomics',
  'Intl',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'AggregateError',
  'Iterator',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

/**
 * Freezes the language's own objects, so that a callback planted on a prototype cannot catch what passes by inside. A frozen
 * method also forbids objects below to have their own by assignment; an accessor that defines it there keeps that working.
 */
export function freezeIntrinsics() {
  const seen = new Set();
  const visit = (value) => {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) return;
    seen.add(value);
    visit(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      if ('value' in property) {
        visit(property.value);
        soften(value, key, property);
      } else {
        visit(property.get);
        visit(property.set);
      }
    }
    Object.freeze(value);
  };
  for (const name of ROOTS) visit(globalThis[name]);
  visit(Object.getPrototypeOf(async () => undefined));
  visit(Object.getPrototypeOf(function* () {}));
  visit(Object.getPrototypeOf(async function* () {}));
  visit(Object.getPrototypeOf([][Symbol.iterator]()));
  visit(Object.getPrototypeOf(new Map()[Symbol.iterator]()));
}

const SOFT = new Set(['toString', 'valueOf', 'constructor', 'name', 'message', 'stack', 'length', 'then', 'get', 'set', 'has']);

function soften(owner, key, property) {
  if (!SOFT.has(key) || !property.configurable || typeof owner === 'function') return;
  const { value, enumerable } = property;
  Object.defineProperty(owner, key, {
    enumerable,
    configurable: false,
    get: () => value,
    set(next) {
      if (this === owner) throw new TypeError('Cannot change what the sandbox is built on.');
      Object.defineProperty(this, key, { value: next, writable: true, enumerable: true, configurable: true });
    },
  });
}
