import type { Runtime } from '../runtime.ts';

/** Limits of one sandbox (AG6). */
export interface SandboxLimits {
  /** Resident memory of the whole process, in bytes; above it the process is ended. */
  memoryBytes: number;
  /** How long one cell may run, in ms, the time it waits for a person not counted. */
  wallMs: number;
  /** How long a cell may take to stop after its interrupt, in ms, before its process is ended. */
  graceMs: number;
}

export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = { memoryBytes: 1024 ** 3, wallMs: 10 * 60_000, graceMs: 5_000 };

/** How to start one sandbox: one OS process for one (user, project, language, session). */
export interface SandboxOptions {
  /** For people: the session's name. */
  session: string;
  /** The project's documents, by path in the project; readable under `/project`, the working directory. */
  files?: Record<string, string>;
  limits?: Partial<SandboxLimits>;
}

/** A runtime in a sandbox: its project documents can be brought up to date between cells. */
export interface SandboxRuntime extends Runtime {
  readonly kind: 'sandbox';
  putFiles(files: Record<string, string>): void;
}

/** AG6: one way to run untrusted code. */
export interface SandboxDriver {
  readonly name: 'pyodide' | 'bubblewrap';
  /** Does ahead what makes starts slow; optional, `start` does it otherwise. */
  prepare(): Promise<void>;
  start(options: SandboxOptions): Promise<SandboxRuntime>;
}
