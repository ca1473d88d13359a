import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const LOCKDOWN = new URL('../../../runtime/sandbox-lockdown.mjs', import.meta.url).href;

/** Runs `attempts` in a Node that was locked down, as someone who kept `require` and `process` from before. Which of them worked. */
async function survivors(attempts: Record<string, string>): Promise<string[]> {
  const script = `
    import { createRequire } from 'node:module';
    import { writeSync } from 'node:fs';
    import { closeBuiltins, dropGlobals, freezeIntrinsics } from ${JSON.stringify(LOCKDOWN)};
    const require = createRequire(${JSON.stringify(fileURLToPath(LOCKDOWN))});
    const kept = process;
    const attempts = { ${Object.entries(attempts)
      .map(([name, code]) => `${JSON.stringify(name)}: async () => { ${code} }`)
      .join(',\n')} };
    closeBuiltins(); dropGlobals(); freezeIntrinsics();
    const worked = [];
    for (const [name, attempt] of Object.entries(attempts)) {
      try { await attempt(); worked.push(name); } catch {}
    }
    writeSync(1, JSON.stringify(worked));
    kept.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout) as string[];
}

it('AG6: after the lockdown the network, processes, threads and other realms are closed even to one who holds require()', async () => {
  const worked = await survivors({
    'net.connect': 'require("net").connect(80, "127.0.0.1")',
    'new net.Socket': 'new (require("net").Socket)().connect(80, "127.0.0.1")',
    'net.createServer': 'require("net").createServer().listen(0)',
    'imported net': '(await import("node:net")).createConnection(80, "127.0.0.1")',
    'tls.connect': 'require("tls").connect(443, "127.0.0.1")',
    'http.get': 'require("http").get("http://127.0.0.1:1")',
    'https.request': 'require("https").request("https://127.0.0.1:1").end()',
    'http2.connect': 'require("http2").connect("http://127.0.0.1:1")',
    'dgram.createSocket': 'require("dgram").createSocket("udp4")',
    'dns.lookup': 'require("dns").lookup("localhost", () => 0)',
    'dns promise': 'await require("dns").promises.resolve("localhost")',
    'dns/promises': 'await require("dns/promises").resolve("localhost")',
    'dns.Resolver': 'new (require("dns").Resolver)().resolve("localhost", () => 0)',
    'child_process.spawn': 'require("child_process").spawn("id")',
    'child_process.execFileSync': 'require("child_process").execFileSync("id")',
    'new Worker': 'new (require("worker_threads").Worker)("1", { eval: true })',
    'cluster.fork': 'require("cluster").fork()',
    'vm.runInThisContext': 'require("vm").runInThisContext("1")',
    'vm.Script': 'new (require("vm").Script)("1")',
    'inspector.open': 'require("inspector").open(0)',
    'inspector.Session': 'new (require("inspector").Session)().connect()',
    'global fetch': 'await fetch("http://127.0.0.1:1")',
    'global WebSocket': 'new WebSocket("ws://127.0.0.1:1")',
    'global process': 'process.pid',
    'a changed prototype': '"use strict"; Array.prototype.push = () => 0',
    'a planted then': '"use strict"; Object.prototype.then = () => 0',
    'a planted getter': 'Object.defineProperty(Object.prototype, "x", { get: () => 0 })',
    'a changed toString': '"use strict"; Object.prototype.toString = () => "x"',
    control: 'JSON.stringify([1].map((n) => n + 1)); const o = {}; o.toString = () => "mine"; if (String(o) !== "mine") throw 0',
  });
  expect(worked).toEqual(['control']);
});
