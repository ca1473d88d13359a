import type { Resources } from '../resources.ts';
import { metricsOf, type RunMetrics } from './run-metrics.ts';

/** Whose session began anew. */
interface Restarted {
  readonly userId: string;
  readonly projectId: string;
  readonly deviceId: string | null;
  /** The run's, where one told of it. */
  readonly id?: string;
}

/** OP2, OP3: a session began anew: one number and one line in the log, without the session's name, which a person wrote. */
export function reportRestart(resources: Resources, session: Restarted, reason: Parameters<RunMetrics['runtimeRestarted']>[0]): void {
  const { userId: user_id, projectId: project_id, deviceId: device_id, id: run_id } = session;
  metricsOf(resources).runtimeRestarted(reason);
  resources.log.info({ user_id, project_id, device_id, ...(run_id && { run_id }), reason }, 'runtime restarted');
}
