// Defaults of loading a model.

/** Positions kept: the model's own length, but no more memory than this many take. */
export const DEFAULT_CONTEXT = 4096;
