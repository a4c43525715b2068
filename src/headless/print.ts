// What a command says: JSON Lines on standard output.

/** Prints one line of JSON, flushed at once. */
export type Print = (line: unknown) => void;
