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

const QUESTION = `
  SELECT u.fallback_to_cloud AS "fallbackToCloud", u.default_target AS "defaultTarget", p.fallback_to_cloud AS "projectFallbackToCloud",
    (SELECT json_build_object('target', s.target, 'deviceId', s.device_id, 'lastUsedAt', s.last_used_at, 'endedAt', s.ended_at)
     FROM runtime_sessions s
     WHERE s.user_id = u.id AND s.project_id = p.id AND s.language = $3 AND s.name = $4) AS session,
    (SELECT json_build_object('targetKind', r.target_kind, 'deviceId', r.device_id) FROM runs r
     WHERE r.user_id = u.id AND r.batch_id = $5::uuid AND r.language = $3 AND r.session_name = $4 AND r.granted_at IS NOT NULL
     ORDER BY r.ordinal DESC LIMIT 1) AS batch,
    (SELECT json_agg(json_build_object('id', d.id, 'name', d.name, 'presence', d.presence, 'lastSeenAt', d.last_seen_at,
        'connectionId', d.connection_id, 'allowRuns', d.allow_runs,
        'agentAllowsRuns', coalesce((SELECT c.snapshot->'agentAllowsRuns' <> 'false'::jsonb FROM device_capabilities c WHERE c.device_id = d.id), true),
        'projectIds', (SELECT coalesce(json_agg(a.project_id), '[]') FROM attachments a WHERE a.device_id = d.id),
        'runtimes', (SELECT coalesce(json_agg(json_build_object('language', t.language, 'state', t.state)), '[]')
          FROM device_runtimes t WHERE t.device_id = d.id),
        'active', (SELECT count(*) FROM runs o WHERE o.device_id = d.id AND o.state IN ('offered', 'running'))))
     FROM devices d WHERE d.user_id = u.id AND d.revoked_at IS NULL AND d.kind <> 'worker') AS devices
  FROM users u JOIN projects p ON p.id = $2::uuid WHERE u.id = $1::uuid`;

/** Reads everything `chooseTarget` wants to know (RU5), with one question. Rejects where the person or the project is gone. */
export async function loadRouteInput(sql: SqlRunner, run: RoutedRun, now: Date, unfit: UnfitDevices = new Map()): Promise<RouteInput> {
  const [found] = await sql.rows<Found>(QUESTION, [run.userId, run.projectId, run.language, run.sessionName, run.batchId]);
  if (!found) throw notFound('The project');
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
