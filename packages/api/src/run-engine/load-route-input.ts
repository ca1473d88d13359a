import type { RuntimeInfo } from '@markco/core/device/device';
import { notFound } from '@markco/core/errors';
import type { RouteDevice, RouteRequest, RouteSession, RouteSettings } from '@markco/core/routing/route-input';
import type { RequestedTarget } from '@markco/core/run/run';
import type { SqlRunner } from '@markco/db/sql';
import { reachablePresence } from '../agents/device-view.ts';
import { placeOf, type RunRow, requestOf } from './run-row.ts';
import type { Unfit } from './unfit-memory.ts';

/** What of a run (or of one about to be created) decides its route. */
export type RoutedRun = Pick<RunRow, 'id' | 'userId' | 'projectId' | 'language' | 'sessionName' | 'batchId' | 'request'>;

/** Devices that failed this run a moment ago, with why in words for the person. */
export type UnfitDevices = ReadonlyMap<string, Unfit>;

export interface RouteInput {
  request: RouteRequest;
  devices: RouteDevice[];
  session: RouteSession | null;
  settings: RouteSettings;
}

/** What the one question of {@link loadRouteInput} answers; times are ISO texts inside the JSON. */
interface Found {
  fallbackToCloud: boolean;
  defaultTarget: RequestedTarget | null;
  projectFallbackToCloud: boolean | null;
  session: { target: string; deviceId: string | null; lastUsedAt: string; endedAt: string | null } | null;
  batch: { targetKind: string; deviceId: string | null } | null;
  devices: FoundDevice[] | null;
}

interface FoundDevice {
  id: string;
  name: string;
  presence: string;
  lastSeenAt: string | null;
  connectionId: string | null;
  allowRuns: boolean;
  agentAllowsRuns: boolean;
  projectIds: string[];
  runtimes: Pick<RuntimeInfo, 'language' | 'state'>[];
  active: number;
}

/** Of many runs: a person's devices are found once. */
const QUESTION = `
  SELECT a.nth::int AS nth, u.fallback_to_cloud AS "fallbackToCloud", u.default_target AS "defaultTarget", p.fallback_to_cloud AS "projectFallbackToCloud",
    (SELECT json_build_object('target', s.target, 'deviceId', s.device_id, 'lastUsedAt', s.last_used_at, 'endedAt', s.ended_at)
     FROM runtime_sessions s
     WHERE s.user_id = u.id AND s.project_id = p.id AND s.language = a.language AND s.name = a.session_name) AS session,
    (SELECT json_build_object('targetKind', r.target_kind, 'deviceId', r.device_id) FROM runs r
     WHERE r.user_id = u.id AND r.batch_id = a.batch_id AND r.language = a.language AND r.session_name = a.session_name AND r.granted_at IS NOT NULL
     ORDER BY r.ordinal DESC LIMIT 1) AS batch,
    theirs.devices
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[])
    WITH ORDINALITY AS a(user_id, project_id, language, session_name, batch_id, nth)
  JOIN users u ON u.id = a.user_id JOIN projects p ON p.id = a.project_id
  LEFT JOIN (
    SELECT d.user_id, json_agg(json_build_object('id', d.id, 'name', d.name, 'presence', d.presence, 'lastSeenAt', d.last_seen_at,
        'connectionId', d.connection_id, 'allowRuns', d.allow_runs,
        'agentAllowsRuns', coalesce((SELECT c.snapshot->'agentAllowsRuns' <> 'false'::jsonb FROM device_capabilities c WHERE c.device_id = d.id), true),
        'projectIds', (SELECT coalesce(json_agg(a.project_id), '[]') FROM attachments a WHERE a.device_id = d.id),
        'runtimes', (SELECT coalesce(json_agg(json_build_object('language', t.language, 'state', t.state)), '[]')
          FROM device_runtimes t WHERE t.device_id = d.id),
        'active', (SELECT count(*) FROM runs o WHERE o.device_id = d.id AND o.state IN ('offered', 'running')))) AS devices
    FROM devices d WHERE d.user_id = ANY($1::uuid[]) AND d.revoked_at IS NULL AND d.kind <> 'worker' GROUP BY d.user_id
  ) AS theirs ON theirs.user_id = u.id`;

/** Reads everything `chooseTarget` wants to know (RU5), with one question. Rejects where the person or the project is gone. */
export async function loadRouteInput(sql: SqlRunner, run: RoutedRun, now: Date, unfit: UnfitDevices = new Map()): Promise<RouteInput> {
  const input = (await loadRouteInputs(sql, [run], now, () => unfit)).get(run);
  if (!input) throw notFound('The project');
  return input;
}

/** The same of many runs, with one question; those whose person or project is gone are left out. */
export async function loadRouteInputs<Run extends RoutedRun>(
  sql: SqlRunner,
  runs: readonly Run[],
  now: Date,
  unfitOf: (run: Run) => UnfitDevices,
): Promise<Map<Run, RouteInput>> {
  const found = await sql.rows<Found & { nth: number }>(QUESTION, [
    runs.map((run) => run.userId),
    runs.map((run) => run.projectId),
    runs.map((run) => run.language),
    runs.map((run) => run.sessionName),
    runs.map((run) => run.batchId),
  ]);
  return new Map(
    found.map(({ nth, ...one }) => {
      const run = runs[nth - 1]!;
      return [run, toInput(run, one, now, unfitOf(run))];
    }),
  );
}

function toInput(run: RoutedRun, found: Found, now: Date, unfit: UnfitDevices): RouteInput {
  return {
    request: {
      projectId: run.projectId,
      language: run.language,
      target: requestOf(run).target ?? null,
      batchTarget: found.batch && placeOf(found.batch),
    },
    devices: (found.devices ?? []).map((device) => toRouteDevice(device, now, unfit)),
    session: found.session && toSession(found.session),
    settings: {
      now,
      fallbackToCloud: found.fallbackToCloud,
      projectFallbackToCloud: found.projectFallbackToCloud,
      defaultTarget: found.defaultTarget,
    },
  };
}

function toRouteDevice(row: FoundDevice, now: Date, unfit: UnfitDevices): RouteDevice {
  const { id, name, connectionId, projectIds, runtimes, active } = row;
  const lastSeenAt = row.lastSeenAt === null ? null : new Date(row.lastSeenAt);
  const { presence } = row;
  return {
    ...{ id, name, lastSeenAt, projectIds, runtimes, active },
    presence: unfit.get(id)?.away ? 'offline' : reachablePresence({ presence, lastSeenAt, connectionId }, now),
    allowRuns: row.allowRuns && row.agentAllowsRuns,
    unfit: unfit.get(id)?.why ?? null,
  };
}

const toSession = ({ target, deviceId, lastUsedAt, endedAt }: NonNullable<Found['session']>): RouteSession => ({
  target: target === 'cloud' ? 'cloud' : 'device',
  deviceId,
  lastUsedAt: new Date(lastUsedAt),
  endedAt: endedAt === null ? null : new Date(endedAt),
});
