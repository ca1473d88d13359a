import type { CapabilitySnapshot } from '@markco/core/device/device';
import type { Resources } from '../resources.ts';

/** Heartbeats within so many ms are one statement: two thousand agents are twenty a second instead of two hundred transactions. */
const GATHER_MS = 50;
const MAX_BEATS = 1_000;

/** A heartbeat that says nothing new about runtimes. */
export interface Beat {
  readonly deviceId: string;
  readonly userId: string;
  readonly familyId: string;
  /** Of the socket it came on. */
  readonly connectionId: string;
  readonly capabilities: CapabilitySnapshot;
}

/**
 * AG2: the heartbeats of many devices, stored together. What cannot be told from the device's row in the same moment (its presence
 * changes, it was revoked, another connection is newer) is left for a transaction of its own.
 */
export interface GatherHeartbeats {
  /** True once the sign of life is in Postgres; false where nothing was written. Rejects where the database does not answer. */
  store(beat: Beat): Promise<boolean>;
}

interface Waiting {
  readonly beat: Beat;
  readonly resolve: (stored: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const made = new WeakMap<Resources, GatherHeartbeats>();

/** The one of this process; made once a `Resources` object. */
export function gatherHeartbeatsOf(resources: Resources): GatherHeartbeats {
  let gather = made.get(resources);
  if (!gather) {
    gather = createGather(resources);
    made.set(resources, gather);
  }
  return gather;
}

function createGather(resources: Resources): GatherHeartbeats {
  let waiting: Waiting[] = [];
  const flush = async () => {
    const group = waiting;
    waiting = [];
    try {
      const stored = await storeAll(resources, group);
      for (const { beat, resolve } of group) resolve(stored.has(beat.deviceId));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };
  return {
    store: (beat) =>
      new Promise((resolve, reject) => {
        waiting.push({ beat, resolve, reject });
        if (waiting.length === 1) setTimeout(flush, GATHER_MS);
        else if (waiting.length >= MAX_BEATS) void flush();
      }),
  };
}

/** The check of the sign-in is part of the statement (SE2), as each message has to ask. A process is the only one to hold a connection. */
const STORE = `
  WITH beats AS (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
      AS b(device_id, user_id, family_id, connection_id, snapshot)
  ), alive AS (
    UPDATE devices d SET last_seen_at = $1::timestamptz FROM beats b
    WHERE d.id = b.device_id AND d.user_id = b.user_id AND d.connection_id = b.connection_id AND d.presence = 'online' AND d.revoked_at IS NULL
      AND EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.device_id = d.id AND t.family_id = b.family_id AND t.user_id = d.user_id AND t.revoked_at IS NULL)
    RETURNING d.id, b.snapshot
  ), kept AS (
    UPDATE device_capabilities c SET updated_at = $1::timestamptz,
      snapshot = alive.snapshot::jsonb || jsonb_build_object('agentAllowsRuns', coalesce(c.snapshot->'agentAllowsRuns', 'true'::jsonb))
    FROM alive WHERE c.device_id = alive.id
  ) SELECT id FROM alive`;

async function storeAll(resources: Resources, group: readonly Waiting[]): Promise<Set<string>> {
  const beats = group.map(({ beat }) => beat);
  const snapshots = beats.map(({ capabilities: { runtimes: _, ...rest } }) => JSON.stringify(rest));
  const rows = await resources.sql.rows<{ id: string }>(STORE, [
    resources.clock.now(),
    beats.map((beat) => beat.deviceId),
    beats.map((beat) => beat.userId),
    beats.map((beat) => beat.familyId),
    beats.map((beat) => beat.connectionId),
    snapshots,
  ]);
  return new Set(rows.map((row) => row.id));
}
