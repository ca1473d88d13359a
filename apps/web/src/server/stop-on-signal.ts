import type { Logger } from 'pino';

/** OP4: a process that is asked to end is gone within ten seconds, also when something hangs. */
const GIVE_UP_AFTER_MS = 9_000;

/** Runs `stop` once at SIGTERM or SIGINT and ends the process. */
export function stopOnSignal(log: Logger, stop: () => Promise<void>): void {
  let stopping = false;
  const end = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    // First: whoever reads the log may be what has gone, and Next catches what nobody catches.
    setTimeout(() => {
      log.error('did not stop in time; ending now');
      process.exit(1);
    }, GIVE_UP_AFTER_MS).unref();
    log.info({ reason: signal }, 'stopping');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}
