import { openSandbox } from './open-sandbox.ts';
import { hasBubblewrap, type Isolation, sandboxCommand } from './sandbox-command.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxDriver, type SandboxOptions, type SandboxRuntime } from './sandbox-driver.ts';
import { sandboxSnapshot } from './sandbox-snapshot.ts';

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
  return openSandbox(sandboxCommand(isolation, limits, snapshot), limits, options.files ?? {});
}
