// transformers' `group_by_length`: rows of similar length together, in an order that is still random.

/**
 * Cuts a random order into mega-batches of up to 50 batches (at least four of them, where there are rows enough), sorts
 * each by length, the longest first, and swaps the longest row of all to the front, so that what is too large fails at once.
 * @param batch rows of an optimizer step
 * @param order a permutation of the rows
 */
export function groupByLength(lengths: readonly number[], batch: number, order: readonly number[]): number[] {
  if (order.length === 0) return [];
  const size = batch * (Math.min(Math.floor(order.length / (4 * batch)), 50) || 1);
  const sorted: number[] = [];
  let longest = 0;
  for (let at = 0; at < order.length; at += size) {
    const mega = order.slice(at, at + size).toSorted((a, b) => lengths[b] - lengths[a]);
    if (lengths[mega[0]] > lengths[sorted[longest] ?? mega[0]]) longest = at;
    sorted.push(...mega);
  }
  [sorted[0], sorted[longest]] = [sorted[longest], sorted[0]];
  return sorted;
}
