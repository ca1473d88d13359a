import type { DeviceView } from '@markco/core/device/device';

/** Languages whose cells can run: Python always (a device or the cloud has it), others where a device has a runtime for them (AG4). */
export function runnableLanguages(devices: readonly DeviceView[]): ReadonlySet<string> {
  return new Set(['python', ...devices.flatMap((device) => device.runtimes.map((runtime) => runtime.language))]);
}
