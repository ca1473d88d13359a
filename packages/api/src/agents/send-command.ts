import type { OfferedRun } from '@markco/core/device/agent-message';
import type { Resources } from '../resources.ts';
import { connectionsOf } from './connections.ts';
import type { DeviceCommand } from './device-command.ts';

/** Hands a command to the web process that holds the device's socket. Lost when none does: every command can be told from the rows again. */
export const sendCommand = (resources: Resources, deviceId: string, command: DeviceCommand, offer?: OfferedRun): Promise<void> =>
  connectionsOf(resources).send(deviceId, command, offer);
