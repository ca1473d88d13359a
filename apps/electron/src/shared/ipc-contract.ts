import { z } from 'zod';

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

const nothing = z.undefined();

/** EL5: every method the window may call, each with its own schema; there is no generic channel. */
export const methods = {
  status: { input: nothing, output: agentStatus },
  chooseFolder: { input: nothing, output: z.object({ root: z.string() }).nullable() },
  unlinkFolder: { input: z.object({ root: z.string().max(4096) }), output: nothing },
  signIn: {
    input: z.object({ server: z.url({ protocol: /^https?$/ }) }),
    output: z.object({ ok: z.boolean(), message: z.string().optional() }),
  },
  signOut: { input: nothing, output: nothing },
  pause: { input: z.object({ paused: z.boolean() }), output: nothing },
  setAllowRuns: { input: z.object({ allow: z.boolean() }), output: nothing },
  setOpenAtLogin: { input: z.object({ open: z.boolean() }), output: z.object({ open: z.boolean() }) },
  openLink: { input: z.object({ url: z.string().max(2000) }), output: z.object({ opened: z.boolean() }) },
  /** The local workspace: documents, runs and introspection of a linked folder, answered by the agent. */
  workspace: { input: z.object({ root: z.string().max(4096), op: z.string().max(60), args: z.unknown() }), output: z.unknown() },
} as const;
export type MethodName = keyof typeof methods;
export type MethodInput<M extends MethodName> = z.input<(typeof methods)[M]['input']>;
export type MethodOutput<M extends MethodName> = z.output<(typeof methods)[M]['output']>;

/** What main sends to the window without being asked. */
export const pushes = { status: agentStatus, workspace: z.object({ root: z.string(), event: z.unknown() }) } as const;
export type PushName = keyof typeof pushes;

/** The bridge the preload puts into the window as `markco`. */
export interface DesktopBridge {
  call<M extends MethodName>(method: M, input?: MethodInput<M>): Promise<MethodOutput<M>>;
  on<P extends PushName>(push: P, listener: (value: z.output<(typeof pushes)[P]>) => void): () => void;
}

export const channelOf = (method: MethodName): string => `markco:${method}`;
export const pushChannelOf = (push: PushName): string => `markco:push:${push}`;
