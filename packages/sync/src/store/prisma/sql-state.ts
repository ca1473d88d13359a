/** The SQLSTATE of a failed raw query, as Prisma's driver adapter hands it on. */
export function sqlState(error: unknown): string | undefined {
  const meta = (error as { meta?: { code?: string; driverAdapterError?: { cause?: { originalCode?: string } } } } | null)?.meta;
  return meta?.driverAdapterError?.cause?.originalCode ?? meta?.code;
}
