import { projectSnapshotInput, putAssetInput } from '@markco/core/contract/runs';
import { agentMessage, registerMessage } from '@markco/core/device/agent-message';
import { agentProcedure, router } from '../trpc.ts';
import { agentCommands } from './agent-commands.ts';
import { handleAgentMessage } from './handle-agent-message.ts';
import { projectSnapshot } from './project-snapshot.ts';
import { putAsset } from './put-asset.ts';

/** AG1: the tRPC router behind `WS /api/agents/connect`. */
export const agentRouter = router({
  commands: agentProcedure.input(registerMessage).subscription(async function* ({ ctx, input, signal }) {
    yield* agentCommands(ctx.resources, ctx.principal, input, signal ?? new AbortController().signal);
  }),
  send: agentProcedure.input(agentMessage).mutation(({ ctx, input }) => handleAgentMessage(ctx.resources, ctx.principal, input)),
  putAsset: agentProcedure.input(putAssetInput).mutation(({ ctx, input }) => putAsset(ctx.resources, ctx.principal, input)),
  projectSnapshot: agentProcedure
    .input(projectSnapshotInput)
    .query(({ ctx, input }) => projectSnapshot(ctx.resources, ctx.principal, input.runId)),
});
