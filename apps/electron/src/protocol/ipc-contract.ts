import type { LinkPreview } from '@markco/agent/bridge/link-folder';
import { z } from 'zod';
import type { MethodName, PushName } from './channels.ts';
import { workspaceMethods, workspacePush } from './workspace-methods.ts';

/** What the tray and the window show of the agent (EL4). */
export const agentStatus = z.object({
  state: z.enum(['synced', 'syncing', 'offline', 'paused', 'needs_sign_in', 'needs_attention', 'starting']),
  /** Documents on their way (syncing). */
  pending: z.number().int().min(0),
  /** Edits no server has acknowledged. */
  unsent: z.number().int().min(0),
  /** The device a run came from that is going on here now. */
  runningFor: z.string().nullable(),
  account: z.object({ name: z.string().nullable(), server: z.string() }).nullable(),
  allowRuns: z.boolean(),
  folders: z.array(
    z.object({
      root: z.string(),
      name: z.string(),
      projectId: z.string().nullable(),
      documents: z.number(),
      problem: z.string().nullable(),
    }),
  ),
  /** Where the window reaches the local relay, with the secret for it (AG3). */
  relay: z.object({ url: z.string(), secret: z.string() }).nullable(),
});
export type AgentStatus = z.infer<typeof agentStatus>;

/** What a folder holds, shown before it is linked (FB1). */
const folderPreview = z.custom<Pick<LinkPreview, 'dir' | 'name' | 'documents' | 'bytes' | 'otherFiles' | 'excluded' | 'problems'>>();
export type FolderPreview = z.infer<typeof folderPreview>;

export const desktopSettings = z.object({
  openAtLogin: z.boolean(),
  /** False where the system has no way to start an app at login that we may use. */
  canOpenAtLogin: z.boolean(),
  /** EL2: `memory_only`: signing in is needed after each start. */
  tokens: z.enum(['encrypted', 'memory_only']),
  /** The system would keep them in the open only; `accepted`: the person said that is fine. */
  plainTokens: z.object({ only: z.boolean(), accepted: z.boolean() }),
  server: z.string(),
  version: z.string(),
});
export type DesktopSettings = z.infer<typeof desktopSettings>;

const nothing = z.undefined();
const root = z.string().min(1).max(4096);

/** EL5: every method the window may call, each with its own schema; there is no generic channel. */
export const methods = {
  status: { input: nothing, output: agentStatus },
  settings: { input: nothing, output: desktopSettings },
  /** Asks the person; answers what would be linked, null where they chose none. */
  chooseFolder: { input: nothing, output: folderPreview.nullable() },
  /** Only a folder that {@link chooseFolder} answered. */
  linkFolder: { input: z.object({ root }), output: nothing },
  unlinkFolder: { input: z.object({ root }), output: nothing },
  signIn: {
    input: z.object({ server: z.url({ protocol: /^https?$/ }).max(300) }),
    output: z.object({ ok: z.boolean(), message: z.string().optional() }),
  },
  cancelSignIn: { input: nothing, output: nothing },
  signOut: { input: nothing, output: nothing },
  pause: { input: z.object({ paused: z.boolean() }), output: nothing },
  setAllowRuns: { input: z.object({ allow: z.boolean() }), output: nothing },
  setOpenAtLogin: { input: z.object({ open: z.boolean() }), output: z.object({ open: z.boolean() }) },
  acceptPlainTokens: { input: z.object({ accept: z.boolean() }), output: nothing },
  openLink: { input: z.object({ url: z.string().max(2000) }), output: z.object({ opened: z.boolean() }) },
  ...workspaceMethods,
} as const satisfies Record<MethodName, { input: z.ZodType; output: z.ZodType }>;

export type MethodInput<M extends MethodName> = z.input<(typeof methods)[M]['input']>;
export type MethodOutput<M extends MethodName> = z.output<(typeof methods)[M]['output']>;

export const pushes = { status: agentStatus, workspace: workspacePush } as const satisfies Record<PushName, z.ZodType>;
export type PushValue<P extends PushName> = z.output<(typeof pushes)[P]>;

/** The bridge the preload puts into the window as `markco`. */
export interface DesktopBridge {
  call<M extends MethodName>(method: M, input?: MethodInput<M>): Promise<MethodOutput<M>>;
  on<P extends PushName>(push: P, listener: (value: PushValue<P>) => void): () => void;
}
