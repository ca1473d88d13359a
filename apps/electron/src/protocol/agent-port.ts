import { z } from 'zod';

/** What main asks of the agent's process; `told` answers one of the agent's own questions. */
export const agentRequest = z.object({
  id: z.number().int(),
  method: z.enum([
    'status',
    'previewFolder',
    'linkFolder',
    'unlinkFolder',
    'signIn',
    'cancelSignIn',
    'signOut',
    'pause',
    'setAllowRuns',
    'workspace',
    'sleep',
    'wake',
    'stop',
    'told',
  ]),
  args: z.unknown(),
});
export type AgentRequest = z.infer<typeof agentRequest>;
export type AgentMethod = Exclude<AgentRequest['method'], 'told'>;

/** What the agent cannot do itself: the tokens are encrypted by main (EL2). */
export const agentQuestion = z.enum(['loadTokens', 'saveTokens', 'clearTokens']);
export type AgentQuestion = z.infer<typeof agentQuestion>;

/** Main's answer to a question. */
export const toldArgs = z.object({ question: z.number().int(), value: z.unknown(), error: z.string().optional() });

/** What the agent's process says to main: answers, questions, and pushes nobody asked for. */
export const agentReply = z.discriminatedUnion('type', [
  z.object({ type: z.literal('answer'), id: z.number().int(), value: z.unknown() }),
  z.object({ type: z.literal('error'), id: z.number().int(), message: z.string() }),
  z.object({ type: z.literal('question'), id: z.number().int(), question: agentQuestion, value: z.unknown() }),
  z.object({ type: z.literal('push'), push: z.enum(['status', 'workspace', 'openBrowser', 'failed']), value: z.unknown() }),
]);
export type AgentReply = z.infer<typeof agentReply>;
export type AgentPush = Extract<AgentReply, { type: 'push' }>;

/** How the agent's process is started: its data folder and the name of the computer. */
export const agentStart = z.object({ dir: z.string(), deviceName: z.string().optional(), logLevel: z.string() });
