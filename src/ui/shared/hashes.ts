// Checksums in names and sentences: whole ones are for programs to compare.

const HASH = /\b([0-9a-f]{8})[0-9a-f]{24,}([0-9a-f]{4})\b/gi;

/** `config.json.caf9cac3…41d2.enc`: digits enough to tell one from another, on one line. */
export const shortHashes = (text: string): string => text.replace(HASH, '$1…$2');
