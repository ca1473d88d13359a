import { AppError } from '@markco/core/errors';
import { mrpCapabilities } from '@markco/core/mrp/answers';
import type { SandboxCommand } from './sandbox-command.ts';
import type { SandboxLimits, SandboxRuntime } from './sandbox-driver.ts';
import { type SandboxMessage, SandboxProcess } from './sandbox-process.ts';
import { type SandboxAbout, SandboxSession } from './sandbox-session.ts';

const READY_MS = 60_000;

/** What a driver adds to a sandbox's process; called once it runs. Returns what undoes it at its end. */
export type Guard = (child: SandboxProcess) => () => void;

/**
 * Starts a sandbox's process, gives it the project's documents, and answers when it says that it is ready.
 * @throws AppError `unavailable` when it does not come up
 */
export async function openSandbox(
  command: SandboxCommand,
  limits: SandboxLimits,
  files: Record<string, string>,
  guard?: Guard,
): Promise<SandboxRuntime> {
  const child = await SandboxProcess.start(command);
  if (guard) child.exit.on(guard(child));
  let session: SandboxSession | null = null;
  const ready = new Promise<SandboxRuntime>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      void child.close();
      reject(new AppError('unavailable', `The sandbox did not start. ${why}`));
    };
    const timer = setTimeout(() => fail('It was silent for a minute; the machine may be overloaded. Try again.'), READY_MS);
    const off = child.exit.on((exit) => fail(exit.message));
    void child
      .read((message) => {
        if (session) return session.receive(message);
        if (message.type !== 'ready') return;
        clearTimeout(timer);
        off();
        session = new SandboxSession(child, limits, readAbout(message));
        resolve(session);
      })
      .catch(() => undefined);
  });
  child.send({ type: 'files', files });
  return ready;
}

function readAbout({ python, features }: SandboxMessage & { python?: unknown; features?: unknown }): SandboxAbout {
  return { python: String(python), features: mrpCapabilities.shape.features.parse(features) };
}
