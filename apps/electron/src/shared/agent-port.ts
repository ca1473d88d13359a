import { z } from 'zod';

/** What main asks of the agent's process. */
export const agentRequest = z.object({
  id: z.number().int(),
  method: z.enum([
    'status',
    'linkFolder',
    'unlinkFolder',
    'signIn',
    'signInAnswer',
    'signOut',
    'pause',
    'setAllowRuns',
    'workspace',
    'power',
    'stop',
  ]),
  args: z.unknown(),
});
export type AgentRequest = z.infer<typeof agentRequest>;

/** What the agent's process says to main: answers, and pushes nobody asked for. */
export const agentReply = z.discriminatedUnion('type', [
  z.object({ type: z.literal('answer'), id: z.number().int(), value: z.unknown() }),
  z.object({ type: z.literal('error'), id: z.number().int(), message: z.string() }),
  z.object({ type: z.literal('push'), push: z.enum(['status', 'workspace', 'openBrowser', 'keepTokens']), value: z.unknown() }),
]);
export type AgentReply = z.infer<typeof agentReply>;
