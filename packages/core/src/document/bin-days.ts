/** How long a deleted document stays in the bin; then it goes, with everything of it. Days. Apart from the schemas, so that a browser does not load zod for it. */
export const BIN_DAYS = 30;
