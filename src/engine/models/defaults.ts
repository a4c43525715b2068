// Defaults of loading a model.

/** Positions kept: the model's own length, but no more memory than this many take. */
export const DEFAULT_CONTEXT = 4096;

/** Contexts' worth of keys and values that are kept of conversations beside the one in use. */
export const KEPT_CONTEXTS = 2;
/** No more bytes than this are kept of them. */
export const MOST_KEPT_BYTES = 1 << 30;
