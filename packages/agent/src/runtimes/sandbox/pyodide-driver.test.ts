import { mrpConformance } from '@markco/testing/mrp-conformance';
import { createPyodideDriver } from './pyodide-driver.ts';

const features = { processes: false, matplotlib: 'Pyodide has no packages without the network' } as const;
const start = (isolation: 'process' | 'bubblewrap') => createPyodideDriver({ isolation }).start({ session: 'default' });

mrpConformance('sandbox (Pyodide)', () => start('process'), features);
