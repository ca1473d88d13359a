/** The agent protocol's numbers (AG2, RU10, RU12), in milliseconds unless named otherwise. */
export const HEARTBEAT_MS = 10_000;
export const SUSPECT_AFTER_MS = 25_000;
export const OFFLINE_AFTER_MS = 35_000;
export const PROBE_MS = 2_000;
export const ACCEPT_WITHIN_MS = 5_000;
export const RECONNECT_MIN_MS = 1_000;
export const RECONNECT_MAX_MS = 30_000;
/** After sleep or a change of networks a socket from before answers within this, or the next one is made at once. */
export const WAKE_PROOF_MS = 5_000;
export const EVENT_BATCH_MS = 50;
export const EVENT_BATCH_BYTES = 16 * 1024;
export const FORCE_STOP_AFTER_MS = 10_000;
/** RU14: an answer the agent says nothing about within this time is lost, and the question is open again. */
export const ANSWER_ARRIVES_MS = 10_000;
export const INTROSPECT_BUDGET_MS = 2_000;
export const DEVICE_LOST_AFTER_MS = 24 * 60 * 60 * 1000;
export const QUEUE_EXPIRES_MS = 24 * 60 * 60 * 1000;
export const QUEUE_AUTOSTART_MS = 60 * 60 * 1000;
export const BARRIER_MS = 2_000;
/** RU8 */
export const MAX_RUNNING_PER_DEVICE = 4;
export const MAX_QUEUED_PER_PROJECT = 50;
/** The protocol's version; schemas only grow, so a newer side serves an older one. */
export const AGENT_PROTOCOL_VERSION = 1;
