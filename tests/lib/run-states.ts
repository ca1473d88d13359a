import type { Db } from '@markco/db/client';

/** Makes Postgres write down every state a run is put into, by whomever: what happened, not only how it ended. */
export async function recordRunStates(db: Db): Promise<void> {
  await db.$executeRawUnsafe(
    'CREATE TABLE run_states (n bigserial PRIMARY KEY, run_id uuid NOT NULL, state text NOT NULL, attempt int NOT NULL)',
  );
  await db.$executeRawUnsafe(`
    CREATE FUNCTION note_run_state() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' OR NEW.state IS DISTINCT FROM OLD.state OR NEW.attempt IS DISTINCT FROM OLD.attempt THEN
        INSERT INTO run_states (run_id, state, attempt) VALUES (NEW.id, NEW.state, NEW.attempt);
      END IF;
      RETURN NULL;
    END $$`);
  await db.$executeRawUnsafe('CREATE TRIGGER note_run_state AFTER INSERT OR UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION note_run_state()');
}

/** The states a run went through, in order, as `state attempt`. */
export async function statesOf(db: Db, runId: string): Promise<string[]> {
  const rows = await db.$queryRaw<{ state: string; attempt: number }[]>`
    SELECT state, attempt FROM run_states WHERE run_id = ${runId}::uuid ORDER BY n`;
  return rows.map(({ state, attempt }) => `${state} ${attempt}`);
}
