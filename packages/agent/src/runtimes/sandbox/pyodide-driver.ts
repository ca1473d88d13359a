import { AppError } from '@markco/core/errors';
import { PyodideRuntime } from './pyodide-runtime.ts';
import { hasBubblewrap, type Isolation, sandboxCommand } from './sandbox-command.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxDriver, type SandboxOptions, type SandboxRuntime } from './sandbox-driver.ts';
import { SandboxProcess } from './sandbox-process.ts';

const READY_MS = 60_000;

/** AG6: Python in WebAssembly, a process each. `auto`: inside `bwrap` where it works, which takes the network away for good. */
export function createPyodideDriver(isolation: Isolation | 'auto' = 'auto'): SandboxDriver {
  return { name: 'pyodide', start: (options) => start(options, isolation) };
}

/** @throws AppError `unavailable` when it does not come up */
async function start(options: SandboxOptions, wanted: Isolation | 'auto'): Promise<SandboxRuntime> {
  const limits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
  const isolation = wanted === 'auto' ? ((await hasBubblewrap()) ? 'bubblewrap' : 'process') : wanted;
  const child = await SandboxProcess.start(sandboxCommand(isolation, limits));
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
