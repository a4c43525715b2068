// Tiles of attention in training whose rows are queries and whose columns are keys, forward and backward.
//: needs packed-attention-tiles.wgsl, packed-attention-bindings.wgsl, WORKGROUP_SIZE, HEAD_QUADS
var<workgroup> query_base: array<u32, TILE_SIDE>; // of each row, in qkv

/// Loads the quads from `quad` on for one step: of the queries, scaled, and of the keys, the first of which begins at
/// `key_base` in qkv.
fn load_queries_and_keys(local_index: u32, quad: u32, step_quads: u32, rows: u32, columns: u32, key_base: u32) {
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  let stride = token_quads();
  let q = local_index % STEP;
  if (q < step_quads) {
    for (var n = local_index / STEP; n < rows; n += WORKGROUP_SIZE / STEP) {
      tiles[q * TILE_STRIDE + n] = qkv[query_base[n] + quad + q] * scale;
    }
    for (var n = local_index / STEP; n < columns; n += WORKGROUP_SIZE / STEP) {
      tiles[(STEP + q) * TILE_STRIDE + n] = qkv[key_base + n * stride + quad + q];
    }
  }
}
