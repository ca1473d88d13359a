import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppError } from '@markco/core/errors';

/** Hands over to the server's own command, which needs its database; only where the server's code is installed beside this. */
export async function admin(args: string[]): Promise<number> {
  const main = fileURLToPath(new URL('../../../../api/src/admin-main.ts', import.meta.url));
  if (!existsSync(main))
    throw new AppError('unavailable', 'The admin commands belong to the server. Run them in the folder the server is installed in.');
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], { stdio: 'inherit' });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
