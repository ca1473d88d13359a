import { AppError } from '@markco/core/errors';
import { PyodideRuntime } from './pyodide-runtime.ts';
import { hasBubblewrap, type Isolation, sandboxCommand } from './sandbox-command.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxDriver, type SandboxOptions, type SandboxRuntime } from './sandbox-driver.ts';
import { SandboxProcess } from './sandbox-process.ts';
import { sandboxSnapshot } from './sandbox-snapshot.ts';

const READY_MS = 60_000;

/** How sandboxes are made. `isolation: auto` is `bubblewrap` where it works, which takes the network away for good. */
export interface PyodideDriverOptions {
  isolation?: Isolation | 'auto';
  /** Where the memory image of a started Pyodide is kept; see sandboxSnapshot. */
  cacheFolder?: string;
}

/** AG6: Python in WebAssembly, a process each. */
export function createPyodideDriver(driver: PyodideDriverOptions = {}): SandboxDriver {
  return {
    name: 'pyodide',
    prepare: async () => void (await sandboxSnapshot(driver.cacheFolder)),
    start: (options) => start(options, driver),
  };
}

/** @throws AppError `unavailable` when it does not come up */
async function start(options: SandboxOptions, driver: PyodideDriverOptions): Promise<SandboxRuntime> {
  const limits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
  const wanted = driver.isolation ?? 'auto';
  const isolation = wanted === 'auto' ? ((await hasBubblewrap()) ? 'bubblewrap' : 'process') : wanted;
  const snapshot = await sandboxSnapshot(driver.cacheFolder);
  const child = await SandboxProcess.start(sandboxCommand(isolation, limits, snapshot));
  let runtime: PyodideRuntime | null = null;
  const ready = new Promise<PyodideRuntime>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      void child.close();
      reject(new AppError('unavailable', `The sandbox did not start. ${why}`));
    };
    const timer = setTimeout(() => fail('It was silent for a minute; the machine may be overloaded. Try again.'), READY_MS);
    const off = child.exit.on((exit) => fail(exit.message));
    void child
      .read((message) => {
        if (runtime) return runtime.receive(message);
        if (message.type !== 'ready') return;
        clearTimeout(timer);
        off();
        runtime = new PyodideRuntime(child, limits, String((message as { python?: unknown }).python));
        resolve(runtime);
      })
      .catch(() => undefined);
  });
  child.send({ files: options.files ?? {} });
  return ready;
}
