import type { MethodName, PushName } from '../protocol/channels.ts';
import type { DesktopBridge, MethodInput, MethodOutput, PushValue } from '../protocol/ipc-contract.ts';

declare global {
  interface Window {
    markco: DesktopBridge;
  }
}

/** Asks main. Rejects with words for the person: Electron puts its own in front of them. */
export async function call<M extends MethodName>(method: M, input?: MethodInput<M>): Promise<MethodOutput<M>> {
  try {
    return await window.markco.call(method, input);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(words.replace(/^Error invoking remote method '[^']*': (?:\w*Error: )?/, ''));
  }
}

export const onPush = <P extends PushName>(push: P, listener: (value: PushValue<P>) => void): (() => void) =>
  window.markco.on(push, listener);
