/** Runs the built agent in a plain Node process: `process.parentPort` as Electron gives it, over Node's own IPC. argv: the module, its argument. */
import { EventEmitter } from 'node:events';
import { pathToFileURL } from 'node:url';

const port = new EventEmitter();
port.postMessage = (message) => process.send(message);
process.on('message', (data) => port.emit('message', { data }));
process.on('disconnect', () => process.exit(0));
process.parentPort = port;
const [module] = process.argv.splice(2, 1);
await import(pathToFileURL(module).href);
