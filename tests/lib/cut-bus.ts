import type { Db } from '@markco/db/client';

/** Keeps every process's connection to the Postgres bus from living, until told to stop. Returns that. */
export function cutBus(db: Db): () => Promise<void> {
  let cutting = true;
  const loop = (async () => {
    while (cutting) {
      await db.$executeRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'markco-bus' AND datname = current_database()`;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return () => {
    cutting = false;
    return loop;
  };
}
