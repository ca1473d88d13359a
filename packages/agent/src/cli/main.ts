import { AppError } from '@markco/core/errors';
import { createProgram } from './program.ts';

let exitCode = 0;
try {
  await createProgram((code) => {
    exitCode = code;
  }).parseAsync(process.argv);
} catch (error) {
  exitCode = 1;
  console.error(error instanceof AppError ? error.userMessage : error instanceof Error ? error.message : String(error));
  if (process.env.MARKCO_DEBUG) console.error(error);
}
// Keep-alive sockets of a server that is slow to let go must not keep a finished command.
process.exit(exitCode);
