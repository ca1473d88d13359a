import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import { lockHolder } from '../../config/instance-lock.ts';
import { chooseInterpreter } from '../../runtimes/choose-interpreter.ts';
import { type CliContext, openContext } from '../context.ts';

const exec = promisify(execFile);

export interface Check {
  name: string;
  ok: boolean | 'warn';
  detail: string;
  /** What to do about it. */
  advice?: string;
}

/** Looks at everything a person would otherwise have to guess, and says what to do. Exit code 1 where something does not work. */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const context = await openContext();
  const checks = [
    ...(await Promise.all([node(), server(context), signIn(context), agent(context), python(context)])),
    ...(await folders(context)),
  ];
  if (options.json) context.say(JSON.stringify(checks));
  else {
    for (const check of checks) {
      context.say(`${check.ok === true ? 'ok  ' : check.ok === 'warn' ? 'note' : 'BAD '} ${check.name}: ${check.detail}`);
      if (check.advice && check.ok !== true) context.say(`       → ${check.advice}`);
    }
  }
  return checks.some((check) => check.ok === false) ? 1 : 0;
}

async function node(): Promise<Check> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { name: 'Node', ok, detail: process.versions.node, advice: 'Install Node 20.19 or newer from https://nodejs.org.' };
}

async function server({ server: address }: CliContext): Promise<Check> {
  try {
    const answer = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(5_000) });
    const skew = clockSkew(answer.headers.get('date'));
    if (Math.abs(skew) > 60_000) {
      return {
        name: 'Server',
        ok: 'warn',
        detail: `${address} answers, but the clocks differ by ${Math.round(skew / 1000)} s`,
        advice: 'Turn on automatic time on this computer.',
      };
    }
    return {
      name: 'Server',
      ok: answer.ok,
      detail: `${address} answers ${answer.status}`,
      advice: 'The server is up but not well; look at its logs.',
    };
  } catch {
    return {
      name: 'Server',
      ok: false,
      detail: `${address} cannot be reached`,
      advice: 'Check the network and the address ("markco login --server URL" changes it).',
    };
  }
}

function clockSkew(date: string | null): number {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  return Number.isFinite(theirs) ? Date.now() - theirs : 0;
}

async function signIn({ tokens, api, credentials }: CliContext): Promise<Check> {
  if (!tokens.identity)
    return { name: 'Sign-in', ok: 'warn', detail: 'not signed in; folders and runs stay on this computer', advice: 'Run "markco login".' };
  try {
    const me = await api.call('auth.me', undefined);
    return { name: 'Sign-in', ok: true, detail: `${me.name ?? me.email ?? 'signed in'}; credentials in ${credentials.description}` };
  } catch (error) {
    return { name: 'Sign-in', ok: false, detail: error instanceof Error ? error.message : 'failed', advice: 'Run "markco login" again.' };
  }
}

async function agent({ dir }: CliContext): Promise<Check> {
  const pid = await lockHolder(dir.lock);
  return {
    name: 'Agent',
    ok: pid === null ? 'warn' : true,
    detail: pid === null ? 'not running' : `running (process ${pid})`,
    advice: 'Start it with "markco agent".',
  };
}

async function python({ settings }: CliContext): Promise<Check> {
  const projectRoot = settings.folders[0]?.root ?? process.cwd();
  try {
    const { executable, name } = await chooseInterpreter({ projectRoot });
    const script =
      'import sys, importlib.util as u; print(sys.version.split()[0], *[m for m in ("IPython", "matplotlib") if not u.find_spec(m)])';
    const [version, ...missing] = (await exec(executable, ['-c', script], { timeout: 10_000 })).stdout.trim().split(' ');
    if (missing.length === 0) return { name: 'Python', ok: true, detail: `${version} (${name})` };
    return {
      name: 'Python',
      ok: 'warn',
      detail: `${version} (${name}) runs cells, without ${missing.join(' and ')}`,
      advice: `For magics and plots: ${executable} -m pip install ${missing.map((m) => m.toLowerCase()).join(' ')}`,
    };
  } catch (error) {
    return {
      name: 'Python',
      ok: false,
      detail: error instanceof Error ? error.message : 'not found',
      advice: 'Install Python 3.8 or newer.',
    };
  }
}

async function folders({ settings }: CliContext): Promise<Check[]> {
  return Promise.all(
    settings.folders.map(async ({ root }): Promise<Check> => {
      try {
        await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
        return { name: 'Folder', ok: true, detail: root };
      } catch {
        return {
          name: 'Folder',
          ok: false,
          detail: `${root} cannot be read and written`,
          advice: 'Bring it back or change its permissions, or unlink it with "markco unlink".',
        };
      }
    }),
  );
}
