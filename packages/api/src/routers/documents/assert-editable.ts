import { AppError } from '@markco/core/errors';

const ONLY_LISTED: Record<string, string> = {
  too_large: 'This file is too large to be opened here; it stays on your computer.',
  read_only: 'This file is not UTF-8 text, so it cannot be opened here; it stays on your computer.',
};

/** FB2: `conflict`, with the reason, for a document that is only listed. */
export function assertEditable(row: { status: string }): void {
  const onlyListed = ONLY_LISTED[row.status];
  if (onlyListed) throw new AppError('conflict', onlyListed, { details: { status: row.status } });
}
