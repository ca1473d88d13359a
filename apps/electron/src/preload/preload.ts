import { contextBridge, ipcRenderer } from 'electron';
import { channelOf, METHOD_NAMES, type MethodName, PUSH_NAMES, type PushName, pushChannelOf } from '../protocol/channels.ts';
import type { DesktopBridge } from '../protocol/ipc-contract.ts';

/** EL5: the only door between the window and main: methods and pushes by name, nothing of Electron itself. */
const bridge: DesktopBridge = {
  call: (method, input) => {
    if (!METHOD_NAMES.includes(method as MethodName)) return Promise.reject(new Error('MarkCo has no such method.'));
    return ipcRenderer.invoke(channelOf(method), input);
  },
  on: (push, listener) => {
    if (!PUSH_NAMES.includes(push as PushName)) throw new Error('MarkCo has no such message.');
    const heard = (_event: unknown, value: unknown): void => listener(value as Parameters<typeof listener>[0]);
    ipcRenderer.on(pushChannelOf(push), heard);
    return () => void ipcRenderer.off(pushChannelOf(push), heard);
  },
};

contextBridge.exposeInMainWorld('markco', bridge);
