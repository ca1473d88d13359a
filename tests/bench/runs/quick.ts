/** `BENCH_QUICK=1`: few rounds and small shapes, to see that everything works. */
export const quick = process.env.BENCH_QUICK === '1';
