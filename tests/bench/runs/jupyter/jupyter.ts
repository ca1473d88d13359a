import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type JupyterKernel, startJupyter } from './jupyter-kernel.ts';

/** A Jupyter server to compare with, if there is one. Nothing in the lockfile installs it. */
export interface Jupyter {
  /** The path of a Python that has it; null where none has. */
  readonly python: string | null;
  /** For the table where there is none: what to do about it. */
  readonly missing: string | null;
  start(): Promise<JupyterKernel>;
}

const INSTALL = 'apt-get install jupyter-server python3-ipykernel';
/** Answers the interpreter's own path where it has both. */
const NEEDS = 'import sys, jupyter_server, ipykernel; print(sys.executable, end="")';

/** Looks for one: the Python named by `MARKCO_BENCH_JUPYTER`, one in `.cache/jupyter`, `python3`, or that of the system. */
export function findJupyter(): Jupyter {
  const own = fileURLToPath(new URL('../../../../.cache/jupyter/bin/python', import.meta.url));
  const candidates = [process.env.MARKCO_BENCH_JUPYTER, existsSync(own) ? own : undefined, 'python3', '/usr/bin/python3'];
  const python = candidates.map((name) => name && interpreterOf(name)).find(Boolean) ?? null;
  return {
    python,
    missing: python ? null : `not installed: \`${INSTALL}\``,
    start: () => {
      if (!python) throw new Error(`No Python here has a Jupyter server. Install one (${INSTALL}), and try again.`);
      return startJupyter(python);
    },
  };
}

function interpreterOf(name: string): string | null {
  const { status, stdout } = spawnSync(name, ['-c', NEEDS], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout : null;
}
