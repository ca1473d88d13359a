import type { OfferedRun, ServerMessage } from '@markco/core/device/agent-message';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { deliverCommand } from './deliver-command.ts';
import { type DeviceCommand, deviceCommand } from './device-command.ts';
import type { KnownRuntimes } from './known-runtimes.ts';
import type { ToldCancels } from './told-cancels.ts';

export type CloseReason = 'superseded' | 'revoked' | 'going_away';

/** One agent socket of this process. */
export interface AgentConnection {
  readonly connectionId: string;
  readonly deviceId: string;
  /** Whose device it is; the service's for a worker. */
  readonly userId: string;
  readonly worker: boolean;
  /** What it signed in with, to be checked again when access changes (AG8). */
  readonly principal: Principal;
  readonly openedAt: Date;
  projectIds: ReadonlySet<string>;
  /** What the rows say of its runtimes. */
  readonly runtimes: KnownRuntimes;
  /** What it was told to stop. */
  readonly cancels: ToldCancels;
  push(message: ServerMessage): void;
  /** Ends the command stream; the reason becomes the error the agent sees. */
  close(reason: CloseReason): void;
}

export type Answer = { result?: unknown; error?: { code: string; message: string } };

/** The agent sockets of this process and the answers it waits for; other processes are reached over the bus. */
export interface AgentConnections {
  add(connection: AgentConnection): void;
  remove(connection: AgentConnection): void;
  get(deviceId: string): AgentConnection | undefined;
  all(): AgentConnection[];
  /** Hands a command to the process that holds the device's socket; lost when none does. `offer`: what an offer says, if known. */
  send(deviceId: string, command: DeviceCommand, offer?: OfferedRun): Promise<void>;
  /** The agent's answer to a request; null when none came in time. */
  waitForAnswer(requestId: string, withinMs: number): Promise<Answer | null>;
  answered(requestId: string, answer: Answer): Promise<void>;
  close(): void;
}

const made = new WeakMap<Resources, AgentConnections>();

/** The connections of this process; made once a `Resources` object. */
export function connectionsOf(resources: Resources): AgentConnections {
  let connections = made.get(resources);
  if (!connections) {
    connections = createConnections(resources);
    made.set(resources, connections);
  }
  return connections;
}

function createConnections(resources: Resources): AgentConnections {
  const byDevice = new Map<string, AgentConnection>();
  const waiting = new Map<string, (answer: Answer) => void>();

  const deliver = async (connection: AgentConnection, command: DeviceCommand, offer?: OfferedRun): Promise<void> => {
    try {
      await deliverCommand(resources, connection, command, offer);
    } catch (error) {
      resources.log.warn({ err: error, device_id: connection.deviceId, command: command.kind }, 'a command for a device was not delivered');
    }
  };
  const unsubscribe = [
    resources.bus.subscribe('device.command', (message) => {
      const connection = byDevice.get(message.deviceId);
      if (!connection) return;
      const parsed = deviceCommand.safeParse(message.command);
      if (parsed.success) void deliver(connection, parsed.data);
      else resources.log.warn({ device_id: message.deviceId }, 'ignored a command of an unknown kind');
    }),
    resources.bus.subscribe('device.answer', (message) => {
      waiting.get(message.requestId)?.(message.answer as Answer);
    }),
  ];

  return {
    add(connection) {
      byDevice.get(connection.deviceId)?.close('superseded');
      byDevice.set(connection.deviceId, connection);
    },
    remove(connection) {
      if (byDevice.get(connection.deviceId) === connection) byDevice.delete(connection.deviceId);
    },
    get: (deviceId) => byDevice.get(deviceId),
    all: () => [...byDevice.values()],
    async send(deviceId, command, offer) {
      const local = byDevice.get(deviceId);
      if (local) return deliver(local, command, offer);
      await resources.bus.publish({ topic: 'device.command', deviceId, command });
    },
    waitForAnswer: (requestId, withinMs) => waitFor(waiting, requestId, withinMs),
    async answered(requestId, answer) {
      const waiter = waiting.get(requestId);
      if (waiter) return waiter(answer);
      await resources.bus.publish({ topic: 'device.answer', requestId, answer });
    },
    close() {
      for (const stop of unsubscribe) stop();
      for (const connection of [...byDevice.values()]) connection.close('going_away');
      made.delete(resources);
    },
  };
}

function waitFor(waiting: Map<string, (answer: Answer) => void>, requestId: string, withinMs: number): Promise<Answer | null> {
  return new Promise((resolve) => {
    const done = (answer: Answer | null) => {
      clearTimeout(timer);
      waiting.delete(requestId);
      resolve(answer);
    };
    const timer = setTimeout(() => done(null), withinMs);
    waiting.set(requestId, done);
  });
}
