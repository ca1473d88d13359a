import type { ServerMessage } from '@markco/core/device/agent-message';
import type { Resources } from '../resources.ts';
import { envelope } from './deliver-command.ts';
import { listDevices } from './device-view.ts';

/** AG1: DEVICE_LIST for one device of the person. */
export async function deviceListMessage(resources: Resources, userId: string, deviceId: string): Promise<ServerMessage> {
  return { ...envelope(resources, userId, deviceId), type: 'DEVICE_LIST', devices: await listDevices(resources, userId) };
}
