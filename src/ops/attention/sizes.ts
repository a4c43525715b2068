// What the ops of attention have in common: head widths that they are checked for, and how many tokens see each other.

/** Head widths that kernels are checked with; 20 and 100 leave threads of a group idle. */
export const HEAD_DIMS = [20, 64, 100, 128];

/**
 * Pairs of a query and a key that it sees, causally.
 * @param rows queries @param window keys that a query sees, its own included @param position keys before the first query
 */
export function pairsSeen(rows: number, window: number, position = 0): number {
  // queries that see all before them: those that the window does not limit
  const free = Math.max(0, Math.min(rows, window - position));
  return free * position + (free * (free + 1)) / 2 + (rows - free) * window;
}
