const SUITE = /: MRP conformance$/;
/** A case that is skipped says why at the end of its name. */
const SKIPPED = / \(([^()]*)\)$/;
const SIGNS = { passed: '✓', failed: '✗' };

/**
 * The suite's results, a row a case and a column a runtime: ✓ passed, ✗ failed, – skipped (the reasons are below), blank where there is
 * nothing to test.
 * @param {any} report what vitest's JSON reporter wrote; null when it wrote nothing
 * @returns {{ table: string, failures: { runtime: string, name: string, message: string }[] }} `table` is '' when no case ran
 */
export function conformanceTable(report) {
  const cases = (report?.testResults ?? []).flatMap((file) => file.assertionResults.map(readCase)).filter(Boolean);
  const runtimes = [...new Set(cases.map(({ runtime }) => runtime))];
  const names = [...new Set(cases.map(({ name }) => name))];
  const find = (name, runtime) => cases.find((each) => each.name === name && each.runtime === runtime);
  const rows = names.map(
    (name) => `| ${name.replaceAll('|', '\\|')} | ${runtimes.map((runtime) => sign(find(name, runtime))).join(' | ')} |`,
  );
  const sums = runtimes.map((runtime) => {
    const own = cases.filter((each) => each.runtime === runtime && each.status !== 'skipped');
    return `${own.filter(({ status }) => status === 'passed').length} of ${own.length}`;
  });
  const reasons = runtimes.flatMap((runtime) => {
    const said = new Set(cases.filter((each) => each.runtime === runtime && each.reason).map(({ reason }) => reason));
    return said.size > 0 ? [`${runtime}: – ${[...said].join(', ')}.`] : [];
  });
  const lines = [
    `| case | ${runtimes.join(' | ')} |`,
    `|---|${runtimes.map(() => '---').join('|')}|`,
    ...rows,
    `| **passed** | ${sums.join(' | ')} |`,
    ...(reasons.length > 0 ? ['', ...reasons] : []),
  ];
  const failures = cases.filter(({ status }) => status === 'failed');
  return { table: cases.length > 0 ? lines.join('\n') : '', failures };
}

function readCase({ ancestorTitles, title, status, failureMessages }) {
  const suite = ancestorTitles.find((each) => SUITE.test(each));
  if (!suite) return null;
  const skipped = status !== 'passed' && status !== 'failed';
  const reason = skipped ? (SKIPPED.exec(title)?.[1] ?? null) : null;
  return {
    runtime: suite.replace(SUITE, ''),
    name: reason ? title.replace(SKIPPED, '') : title,
    status: skipped ? 'skipped' : status,
    reason,
    message: (failureMessages ?? []).join('\n'),
  };
}

const sign = (found) => (found ? (SIGNS[found.status] ?? '–') : '');
