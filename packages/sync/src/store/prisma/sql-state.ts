/** The SQLSTATE of a failed statement, as the driver reports it or as Prisma's driver adapter hands it on. */
export function sqlState(error: unknown): string | undefined {
  const { code, meta } = (error ?? {}) as {
    code?: string;
    meta?: { code?: string; driverAdapterError?: { cause?: { originalCode?: string } } };
  };
  return meta?.driverAdapterError?.cause?.originalCode ?? meta?.code ?? code;
}
