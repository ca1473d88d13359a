import { z } from 'zod';

const present = (schema: z.ZodString) => z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const schema = z.object({
  /** The agent's data folder. */
  MARKCO_AGENT_DIR: present(z.string()),
  /** The server's address; wins over the settings file. */
  MARKCO_SERVER: present(z.string().regex(/^https?:\/\//, 'must start with http:// or https://')),
  /** JSON DeviceTokens issued beforehand; rotated tokens are written back to this file. */
  MARKCO_CREDENTIALS_FILE: present(z.string()),
  MARKCO_DEVICE_NAME: present(z.string().max(100)),
  /** `off`: keep credentials in a 0600 file even where the system has a keyring. */
  MARKCO_KEYRING: z.enum(['auto', 'off']).default('auto'),
  /** The service token of a worker (AG6). */
  MARKCO_WORKER_TOKEN: present(z.string()),
  /** What sandboxes are made of: WebAssembly, or this machine's own Python in namespaces (Linux). */
  MARKCO_WORKER_DRIVER: z.enum(['pyodide', 'bubblewrap']).default('pyodide'),
  /** The Python of `bubblewrap`, a command or a path. */
  MARKCO_WORKER_PYTHON: present(z.string()),
  MARKCO_WORKER_MAX_SANDBOXES: z.coerce.number().int().min(1).max(64).default(4),
  MARKCO_WORKER_IDLE_MINUTES: z.coerce.number().min(0.01).max(1440).default(30),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export type AgentEnv = z.output<typeof schema>;

/** Reads and checks the environment once a process. Throws one sentence for each variable that is wrong. */
export function readEnv(source: Record<string, string | undefined> = process.env): AgentEnv {
  const parsed = schema.safeParse(source);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw new Error(`The environment is not usable: ${lines.join('; ')}. Correct it and start again.`);
}
