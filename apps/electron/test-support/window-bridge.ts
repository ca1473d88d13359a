import type { Page } from 'playwright-core';
import type { Handlers } from '../src/main/handle-ipc.ts';
import type { MethodName } from '../src/protocol/channels.ts';
import { methods } from '../src/protocol/ipc-contract.ts';

/** Puts `window.markco` into the page as the preload does, with main's own handlers behind it. Returns how to push. */
export async function installBridge(page: Page, handlers: Handlers): Promise<(push: string, value: unknown) => void> {
  await page.exposeBinding('__markcoCall', async (_source, method: MethodName, input: unknown) => {
    const handler = handlers[method] as (input: unknown) => Promise<unknown>;
    // Playwright sends undefined members as null nowhere, but an absent input as null.
    const answer = methods[method].output.parse((await handler(methods[method].input.parse(input ?? undefined))) ?? emptyAnswer(method));
    return method === 'readAsset' ? asBase64(answer) : answer;
  });
  await page.addInitScript(() => {
    const listeners = new Map<string, Set<(value: unknown) => void>>();
    const inner = window as unknown as {
      markco: unknown;
      __markcoPush(push: string, value: unknown): void;
      __markcoCall(method: string, input: unknown): Promise<unknown>;
    };
    inner.__markcoPush = (push, value) => {
      for (const listener of listeners.get(push) ?? []) listener(value);
    };
    inner.markco = {
      call: async (method: string, input: unknown) => {
        const answer = (await inner.__markcoCall(method, input)) ?? undefined;
        const { base64 } = (answer ?? {}) as { base64?: string };
        if (base64 === undefined) return answer;
        return { ...(answer as object), bytes: Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)) };
      },
      on: (push: string, listener: (value: unknown) => void) => {
        const all = listeners.get(push) ?? new Set();
        listeners.set(push, all.add(listener));
        return () => all.delete(listener);
      },
    };
  });
  return (push, value) => {
    const pushed = ([name, sent]: [string, unknown]): void =>
      (window as unknown as { __markcoPush?(push: string, value: unknown): void }).__markcoPush?.(name, sent);
    void page.evaluate(pushed, [push, value] as [string, unknown]).catch(() => undefined);
  };
}

/** What an answer without a value is for this method. */
const emptyAnswer = (method: MethodName): null | undefined => (method === 'chooseFolder' || method === 'readAsset' ? null : undefined);

/** Bytes do not travel through Playwright's bindings as they do through Electron's. */
function asBase64(answer: unknown): unknown {
  const asset = answer as { bytes: Uint8Array; mimeType: string } | null;
  return asset && { mimeType: asset.mimeType, base64: Buffer.from(asset.bytes).toString('base64') };
}
