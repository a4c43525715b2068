// Where each token of a micro-batch stands: what every kernel of training binds as `places` (shaders/common/places.wgsl).

/**
 * Position, first token, token after the last, and row of each token: [T][4]. A sequence begins where a position is 0.
 * @param batch position of each token in its sequence, and its sequence's row in the dataset, which keys the dropout masks
 * @throws RangeError when positions do not count up from 0
 */
export function packPlaces(batch: {
  readonly positions: Uint32Array;
  readonly rows: Uint32Array;
}): Uint32Array<ArrayBuffer> {
  const { positions, rows } = batch;
  const tokens = positions.length;
  const places = new Uint32Array(tokens * 4);
  let end = tokens;
  for (let t = tokens - 1; t >= 0; t--) {
    const position = positions[t];
    if (position > 0 && positions[t - 1] !== position - 1) {
      throw new RangeError(
        `token ${t} of the batch is at position ${position}, and the one before it is not at ${position - 1}`,
      );
    }
    places.set([position, t - position, end, rows[t]], 4 * t);
    if (position === 0) end = t;
  }
  return places;
}
