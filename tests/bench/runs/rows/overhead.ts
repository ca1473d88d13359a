import { setTimeout as sleep } from 'node:timers/promises';
import { p50p95, percentile } from '../../lib/numbers.ts';
import { PRINT } from '../cells.ts';
import { runDirect, startDirect } from '../direct.ts';
import type { JupyterKernel } from '../jupyter/jupyter-kernel.ts';
import { atMost, type Line, type WorldRow } from '../row.ts';
import type { World } from '../world.ts';

/** Between two runs: what follows an end (the output's way into the document) is not part of the next tap. */
const PAUSE_MS = 250;
const GOAL = { firstOutput: 15, ended: 25 };

/** From the request, ms. */
interface Sample {
  readonly firstOutput: number;
  readonly ended: number;
}

interface Samples {
  readonly direct: Sample[];
  readonly through: Sample[];
  readonly jupyter: Sample[];
}

/** What MarkCo adds to a run: the same cell on the same kind of runtime, called directly, through the whole installation and by Jupyter, in turns. */
export const overhead: WorldRow = {
  number: 1,
  title: '`print(1)`, p50 / p95 ms',
  async inWorld(world, { quick, jupyter }) {
    const runs = quick ? 20 : 100;
    const kernel = jupyter.python ? await jupyter.start() : null;
    const samples = await measure(world, kernel, { runs, warmUp: quick ? 5 : 20 }).finally(() => kernel?.stop());
    const without = jupyter.missing ?? undefined;
    return {
      lines: (['firstOutput', 'ended'] as const).flatMap((moment) => linesOf(samples, moment, without)),
      readings: samples,
      remarks: kernel ? [`Jupyter is ${kernel.version}; its socket to the kernel stays open, ours is opened for each run.`] : [],
    };
  },
};

async function measure(world: World, kernel: JupyterKernel | null, { runs, warmUp }: { runs: number; warmUp: number }): Promise<Samples> {
  const runtime = await startDirect(world.root);
  const samples: Samples = { direct: [], through: [], jupyter: [] };
  try {
    for (let i = 0; i < warmUp + runs; i++) {
      const direct = await runDirect(runtime, PRINT.code);
      const through = await world.client.run(PRINT.code, PRINT.index);
      const jupyter = await kernel?.run(PRINT.code);
      for (const { stdout } of [through, jupyter ?? through])
        if (stdout !== PRINT.printed) throw new Error(`print(1) printed ${JSON.stringify(stdout)}`);
      await sleep(PAUSE_MS);
      if (i < warmUp) continue;
      samples.direct.push(direct);
      samples.through.push({ firstOutput: through.firstOutput, ended: through.ended });
      if (jupyter) samples.jupyter.push({ firstOutput: jupyter.firstOutput, ended: jupyter.ended });
    }
  } finally {
    await runtime.close();
  }
  return samples;
}

function linesOf(samples: Samples, moment: keyof Sample, without: string | undefined): Line[] {
  const times = (of: Sample[]) => of.map((sample) => sample[moment]);
  const directly = times(samples.direct);
  const added = times(samples.through).map((value, i) => value - directly[i]!);
  const addedByJupyter = times(samples.jupyter).map((value, i) => value - directly[i]!);
  const where = moment === 'ended' ? 'to the end' : 'to the first output';
  return [
    {
      what: `tap ${where}`,
      ours: p50p95(times(samples.through)),
      directly: p50p95(directly),
      jupyter: without ?? p50p95(times(samples.jupyter)),
    },
    {
      what: 'of these added',
      ours: p50p95(added),
      goal: atMost(percentile(added, 0.95), GOAL[moment], ', p95'),
      jupyter: without ? '' : p50p95(addedByJupyter),
    },
  ];
}
