import type { DevicePresence, RuntimeInfo } from '../device/device.ts';
import type { Flags } from '../flags.ts';
import type { RequestedTarget, RouteReason, RouteTarget } from '../run/run.ts';

/** What of a request decides where it goes. */
export interface RouteRequest {
  projectId: string;
  language: string;
  /** The person's own choice ("run on…"). */
  target: RequestedTarget | null;
  /** RU4: where the batch this run belongs to already ran something; the rest stays with those variables. */
  batchTarget: RequestedTarget | null;
}

/** A device of the person as routing sees it. Workers are not listed here. */
export interface RouteDevice {
  id: string;
  name: string;
  presence: DevicePresence;
  allowRuns: boolean;
  projectIds: readonly string[];
  runtimes: readonly Pick<RuntimeInfo, 'language' | 'state'>[];
  lastSeenAt: Date | null;
  /** Runs offered to or running on it now. */
  active: number;
  /** Refused this run, did not answer or failed a probe just now; in words for the person. */
  unfit: string | null;
}

/** RU6: the pinned namespace of (person, project, language, name). */
export interface RouteSession {
  target: 'device' | 'cloud';
  deviceId: string | null;
  lastUsedAt: Date;
  endedAt: Date | null;
}

export interface RouteSettings {
  now: Date;
  /** The person's, and the project's (null: as the person's). */
  fallbackToCloud: boolean;
  projectFallbackToCloud: boolean | null;
  defaultTarget: RequestedTarget | null;
}

export type RouteFlags = Pick<Flags, 'ENABLE_DEVICE_AGENT' | 'ENABLE_REMOTE_EXEC_ROUTING' | 'ENABLE_CLOUD_FALLBACK'>;

/** RU5: stored on the run and logged. `detail`: a sentence for the person. `waitingFor`: the device a queued run waits for. */
export interface Route {
  target: RouteTarget;
  reason: RouteReason;
  detail: string;
  waitingFor: string | null;
}
