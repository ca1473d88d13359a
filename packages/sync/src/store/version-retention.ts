const MB = 1024 * 1024;

/**
 * How long versions stay. A version is a text, and texts compress: a year of dailies would fit too, but what nobody missed for three
 * months is nobody's any more, and what people delete must be gone some day.
 */
export const VERSION_DAYS = 90;

/** Kept points of one document, the newest; a script that restores in a loop must not push dailies out, nor fill the disk. */
export const MAX_POINTS = 50;

/** All texts of one document's dailies and points, bytes of UTF-8; above it the oldest go, never the newest {@link MIN_VERSIONS}. */
export const MAX_VERSION_BYTES = 64 * MB;
export const MIN_VERSIONS = 3;

/** SY17: the largest text that is kept, in UTF-16 units. */
export const MAX_VERSION_LENGTH = 20 * MB;
