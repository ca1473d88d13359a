import { Command } from 'commander';
import { AGENT_VERSION } from '../machine.ts';

/** The `markco` command. `exit` gets the exit code of a command that has one. Each command loads its code when it is used. */
export function createProgram(exit: (code: number) => void): Command {
  const program = new Command('markco')
    .description('MarkCo on this computer: link folders, run cells, see your devices.')
    .version(AGENT_VERSION);
  program
    .command('login [server]')
    .description('sign this computer in with a short code; server: its address')
    .option('--server <url>', 'the same')
    .option('--name <name>', 'what to call this computer')
    .option('--json', 'one JSON object a line')
    .action(async (server, options) => (await import('./commands/login.ts')).login({ ...(server && { server }), ...options }));
  program
    .command('logout')
    .description('sign this computer out; nothing local is lost')
    .action(async () => (await import('./commands/login.ts')).logout());
  program
    .command('link <dir>')
    .description('link a folder to a project')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'the result as JSON')
    .action(async (dir, options) => (await import('./commands/folders.ts')).link(dir, options));
  program
    .command('unlink <dir>')
    .description('part a folder and its project; both stay')
    .action(async (dir) => (await import('./commands/folders.ts')).unlink(dir));
  program
    .command('agent')
    .description('run the agent in the foreground')
    .option('--server <url>', 'the address of the server')
    .action(async (options) => (await import('./commands/agent.ts')).runAgent(options));
  program
    .command('status')
    .description('what the agent does')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./commands/status.ts')).status(options));
  program
    .command('run <doc>')
    .description(
      'run cells of a document: a file in a linked folder, or project/document.md; input() reads the terminal, or the lines of a pipe',
    )
    .option('--cell <n>', 'the cell to run, counted from 1')
    .option('--all', 'all cells, in order, until one fails')
    .option('--above', 'with --cell: also the cells before it')
    .option('--on <place>', 'where: the name of a device, "here" or "cloud"')
    .option('--again', 'where the cell ran last')
    .option('--session <name>', 'the runtime session; else the one the document or mrmd.md names')
    .option('--json', 'one JSON object an event')
    .action(async (doc, options) => exit(await (await import('./commands/run.ts')).run(doc, options)));
  program
    .command('runs')
    .description('the newest runs')
    .option('--limit <n>', 'how many', '20')
    .option('--doc <doc>', 'only of this document')
    .option('--cell <n>', 'only of this cell of it, counted from 1')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./commands/lists.ts')).runs(options));
  program
    .command('log <run>')
    .description('the output of a run, and what still comes; run: its id or the end of it')
    .option('--json', 'one JSON object an event')
    .action(async (run, options) => exit(await (await import('./commands/one-run.ts')).log(run, options)));
  program
    .command('cancel <run>')
    .description('stop a run: its id or the end of it')
    .option('--force', 'end its runtime, and its variables with it')
    .action(async (run, options) => (await import('./commands/one-run.ts')).cancel(run, options));
  program
    .command('waiting [runs...]')
    .description('runs that waited for over an hour and start only on your word; runs: their ids or the ends of them, else all')
    .option('--run', 'start them as soon as their computer is there')
    .option('--discard', 'drop them')
    .option('--json', 'as JSON')
    .action(async (ids, options) => (await import('./commands/waiting.ts')).waiting(ids, options));
  program
    .command('restart <doc>')
    .description("start a document's runtime session anew: what runs in it ends, its variables are lost")
    .option('--language <language>', 'of which language; else that of its first cell')
    .option('--session <name>', 'the runtime session; else the one the document or mrmd.md names')
    .option('--reset', 'keep the process and only empty its variables')
    .option('--json', 'the result as JSON')
    .action(async (doc, options) => (await import('./commands/restart.ts')).restart(doc, options));
  program
    .command('devices')
    .description('your devices')
    .option('--json', 'as JSON')
    .action(async (options) => (await import('./commands/lists.ts')).devices(options));
  program
    .command('doctor')
    .description('check this computer and say what to do')
    .option('--json', 'as JSON')
    .action(async (options) => exit(await (await import('./commands/doctor.ts')).doctor(options)));
  program
    .command('admin')
    .description("the server's own commands: user create, token create, flags")
    .argument('[args...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args) => exit(await (await import('./commands/admin.ts')).admin(args)));
  return program;
}
