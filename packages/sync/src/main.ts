import { pino } from 'pino';
import { readSyncEnv, type SyncEnv } from './env.ts';
import { startSidecar } from './sidecar/start-sidecar.ts';

/** The relay process. Exits 1 where it cannot start, and where it ends with edits it could not save (SY6). */
async function main(): Promise<void> {
  const env = readEnvOrExit();
  const log = pino({ name: 'sync', level: env.LOG_LEVEL, serializers: { err: pino.stdSerializers.err } });
  const sidecar = await startSidecar(env, log);
  let stopping = false;
  const end = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'Stopping: saving what is queued.');
    const saved = await sidecar.stop();
    if (!saved)
      log.error(
        { reason: 'unsaved' },
        'Stopped with edits the store did not take. They were never acknowledged; clients still hold them and send them again.',
      );
    process.exit(saved ? 0 : 1);
  };
  process.on('SIGTERM', () => void end('SIGTERM'));
  process.on('SIGINT', () => void end('SIGINT'));
}

function readEnvOrExit(): SyncEnv {
  try {
    return readSyncEnv(process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

main().catch((error: unknown) => {
  console.error('The relay could not start:', error instanceof Error ? error.message : error);
  process.exit(1);
});
