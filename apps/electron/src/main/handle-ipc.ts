import { channelOf, METHOD_NAMES, type MethodName } from '../protocol/channels.ts';
import { type MethodInput, type MethodOutput, methods } from '../protocol/ipc-contract.ts';
import { isTrustedSender, type SenderFrame } from './trusted-sender.ts';

/** The part of Electron's `ipcMain` this needs. */
export interface IpcMainLike {
  handle(channel: string, listener: (event: { senderFrame: SenderFrame | null }, input: unknown) => Promise<unknown>): void;
}

export type Handlers = { [M in MethodName]: (input: MethodInput<M>) => Promise<MethodOutput<M>> };

/** EL5: one handler a method; the sender is verified and the input checked before anything happens. */
export function handleIpc(ipcMain: IpcMainLike, pageUrl: string, handlers: Handlers): void {
  for (const name of METHOD_NAMES) {
    ipcMain.handle(channelOf(name), async (event, input) => {
      if (!isTrustedSender(event.senderFrame, pageUrl)) throw new Error('This page may not talk to MarkCo.');
      const parsed = methods[name].input.safeParse(input);
      if (!parsed.success) throw new Error(`MarkCo did not understand the window (${name}). Restart the app; nothing is lost.`);
      return methods[name].output.parse(await (handlers[name] as (input: unknown) => Promise<unknown>)(parsed.data));
    });
  }
}
