import type { Resources } from '../resources.ts';
export function commitOutputs(_r: Resources, _o: unknown): { stop(): Promise<void> } {
  return { async stop() {} };
}
