/** The dependency law (.dependency-cruiser.cjs), and that the cruiser saw the code at all: an empty cruise passes everything. */
import { cruise } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { ROOT } from './lib/paths.mjs';
import { fail, say } from './lib/say.mjs';

process.chdir(ROOT);
const options = await extractDepcruiseOptions('./.dependency-cruiser.cjs');
const { output } = await cruise(['packages', 'apps'], options, {}, { tsConfig: extractTSConfig('./tsconfig.base.json') });
const seen = output.modules.filter((module) => /^(packages|apps)\/[^/]+\/.*\.tsx?$/.test(module.source));
const crossing = seen.flatMap((module) =>
  module.dependencies.filter(
    (dependency) => /^packages\//.test(dependency.resolved) && dependency.resolved.split('/')[1] !== module.source.split('/')[1],
  ),
);
if (seen.length < 100 || crossing.length < 50)
  fail(
    `The dependency check saw only ${seen.length} modules and ${crossing.length} imports between packages: it is not looking at the code.`,
  );
const violations = output.summary.violations.filter((violation) => violation.rule.severity === 'error');
for (const { rule, from, to } of violations) say(`${rule.name}: ${from} -> ${to}`);
if (violations.length > 0)
  fail(`${violations.length} imports break the dependency law.`, 'docs/architecture.md says which way the arrows point.');
say(`${seen.length} modules, ${crossing.length} imports between packages, no violation`);
