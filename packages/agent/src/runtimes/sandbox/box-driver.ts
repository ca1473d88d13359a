import { AppError } from '@markco/core/errors';
import { boxCommand, findBoxHost } from './box-command.ts';
import { openSandbox } from './open-sandbox.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxDriver, type SandboxOptions, type SandboxRuntime } from './sandbox-driver.ts';
import { watchBox } from './watch-box.ts';

/**
 * AG6: the machine's own Python, with its packages, in an empty box of namespaces. Linux, where `bwrap` is installed.
 * @param python a command or a path; `python3` where nothing is said
 */
export function createBoxDriver(python?: string): SandboxDriver {
  return { name: 'bubblewrap', prepare: async () => void (await findBoxHost(python)), start: (options) => start(options, python) };
}

/** @throws AppError `unavailable` when there is nothing to make boxes of, or it does not come up */
async function start(options: SandboxOptions, python?: string): Promise<SandboxRuntime> {
  const host = await findBoxHost(python);
  if (!host) {
    throw new AppError(
      'unavailable',
      'The cloud cannot start Python: bubblewrap (bwrap) or python3 is not installed on this worker, or it may not make namespaces. Install both, or set MARKCO_WORKER_DRIVER=pyodide.',
    );
  }
  const limits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
  return openSandbox(boxCommand(host, limits), limits, options.files ?? {}, (child) => watchBox(child, limits));
}
