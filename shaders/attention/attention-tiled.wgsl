// Attention over the KV cache for a batch on hardware, as flash attention (Dao et al. 2022, arXiv:2205.14135): a
// workgroup takes 64 queries that share a key head, and goes over their keys in tiles of 32. Both products are
// products of tiles in shared memory: a thread has 4 × 4 scores, and then 4 rows of LANE_QUADS quads in each of
// PASSES passes over the width. The online softmax stays in registers, in powers of two; the eight threads of a row
// tell each other its maximum.
//   thread (m, n): queries m + 16r, keys n + 8k, quads n + 8i
//: needs attention-bindings.wgsl, key_quad, value_quad, row_max, row_sum, weights, Activation, Tile, WORKGROUP_SIZE
//: needs HEAD_QUADS, CHUNK_QUADS, PASS_QUADS
const QUERIES = 64u;
const KEYS = 32u;
/// Quads from one column of a plane to the next: one more than its rows, so that threads that write a row use different
/// banks.
const QUERY_STRIDE = QUERIES / 4u + 1u;
const KEY_STRIDE = KEYS / 4u + 1u;
const KEY_BASE = CHUNK_QUADS * QUERY_STRIDE;
/// A bound below any score; MASKED lies below it, so that masked keys have weight 0.
const LEAST = -1e30;
const MASKED = -3e38;
/// A chunk of queries and keys, column by column, or some columns of the values, row by row. Each of the four planes
/// has one of a thread's four rows, so that one index, checked once, serves all four.
var<workgroup> tile: array<array<vec4<Tile>, CHUNK_QUADS * (QUERY_STRIDE + KEY_STRIDE)>, 4>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let m = local_index / 8u;
  let n = local_index % 8u;
  let kv_head = workgroup_id.y;
  let heads_per_kv = params.heads / params.kv_heads; // queries of one token that share this key head
  let count = state.count * heads_per_kv;
  let first = workgroup_id.x * QUERIES;
  let heads_per_token = params.heads + 2u * params.kv_heads;
  let cache_base = kv_head * params.context;
  let column = local_index % CHUNK_QUADS;
  let row = local_index / CHUNK_QUADS;
  const ROWS = WORKGROUP_SIZE / CHUNK_QUADS;
  //: for t in QUERY_LOADS
  let loaded_$t = min(first + row + $tu * ROWS, count - 1u);
  let head_$t = kv_head * heads_per_kv + loaded_$t % heads_per_kv;
  let query_$t = (loaded_$t / heads_per_kv * heads_per_token + head_$t) * HEAD_QUADS;
  //: end

  // log2(e): weights are powers of two
  let scale = 1.4426950408889634 * inverseSqrt(f32(4u * HEAD_QUADS));
  let position = state.position;
  //: for r in 4
  let end_$r = position + min(first + m + 16u * $ru, count - 1u) / heads_per_kv + 1u;
  let begin_$r = first_visible(end_$r);
  //: end
  var largest = vec4f(LEAST);
  var total = vec4f(0.0);
  var out_$r_$p_$i = vec4f(0.0); //: for r in 4, p in PASSES, i in LANE_QUADS

  // from the first key that the first query sees to the last key that the last query sees
  let first_end = position + first / heads_per_kv + 1u;
  let last_end = position + min(first + QUERIES - 1u, count - 1u) / heads_per_kv + 1u;
  for (var start = first_visible(first_end); start < last_end; start += KEYS) {
    var score_$r_$k = 0.0; //: for r in 4, k in 4
    for (var chunk = 0u; chunk < params.quads; chunk += CHUNK_QUADS) {
      workgroupBarrier();
      //: if RAGGED
      let there = chunk + column < HEAD_QUADS;
      let source = min(chunk + column, HEAD_QUADS - 1u);
      //: else
      let there = true;
      let source = chunk + column;
      //: end
      //: for t in QUERY_LOADS
      let part_$t = select(vec4<Tile>(), vec4<Tile>(qkv[query_$t + source]), there);
      let to_$t = row + $tu * ROWS;
      tile[to_$t / 16u][column * QUERY_STRIDE + to_$t % 16u] = part_$t;
      //: end
      //: for t in KEY_LOADS
      let key_$t = cache_base + min(start + row + $tu * ROWS, last_end - 1u);
      let place_$t = row + $tu * ROWS;
      let slot_$t = KEY_BASE + column * KEY_STRIDE + place_$t % 8u;
      tile[place_$t / 8u][slot_$t] = vec4<Tile>(key_quad(key_$t * HEAD_QUADS + source));
      //: end
      workgroupBarrier();
      let columns = min(chunk + CHUNK_QUADS, params.quads) - chunk;
      for (var c = 0u; c < columns; c++) {
        let query_part_$r = vec4f(tile[$r][c * QUERY_STRIDE + m]); //: for r in 4
        let key_part_$k = vec4f(tile[$k][KEY_BASE + c * KEY_STRIDE + n]); //: for k in 4
        score_$r_$k += dot(query_part_$r, key_part_$k); //: for r in 4, k in 4
      }
    }

    score_$r_$k *= scale; //: for r in 4, k in 4
    // all queries see all of the tile, but for the last tiles and the window's first ones
    if (start + KEYS > first_end || start < first_visible(last_end)) {
      let place_$k = start + n + 8u * $ku; //: for k in 4
      score_$r_$k = select(MASKED, score_$r_$k, place_$k < end_$r && place_$k >= begin_$r); //: for r in 4, k in 4
    }
    let before = largest;
    largest = max(before, row_max(m, n, vec4f(
      max(max(score_$r_0, score_$r_1), max(score_$r_2, score_$r_3)), //: for r in 4
    )));
    let rescale = exp2(before - largest);
    total *= rescale;
    out_$r_$p_$i *= rescale[$r]; //: for r in 4, p in PASSES, i in LANE_QUADS
    //: for r in 4
    let weight_$r = exp2(vec4f(score_$r_0, score_$r_1, score_$r_2, score_$r_3) - largest[$r]);
    total[$r] += dot(weight_$r, vec4f(1.0));
    weights[$r][n * 16u + m] = weight_$r;
    //: end

    let seen = min(start + 8u, last_end) - start;
    //: for p in PASSES
    workgroupBarrier();
    //: for t in VALUE_LOADS
    let load_$p_$t = local_index + $tu * WORKGROUP_SIZE;
    let key_$p_$t = load_$p_$t / PASS_QUADS;
    let quad_$p_$t = load_$p_$t % PASS_QUADS;
    let value_$p_$t = (cache_base + min(start + key_$p_$t, last_end - 1u)) * HEAD_QUADS;
    let part_$p_$t = vec4<Tile>(value_quad(value_$p_$t + min($pu * PASS_QUADS + quad_$p_$t, HEAD_QUADS - 1u)));
    tile[key_$p_$t / 8u][quad_$p_$t / 8u * 64u + key_$p_$t % 8u * 8u + quad_$p_$t % 8u] = part_$p_$t;
    //: end
    workgroupBarrier();
    // keys j, j + 8, j + 16 and j + 24 together; where fewer than eight keys are seen, the latter three are masked
    for (var j = 0u; j < seen; j++) {
      let weight_$r = weights[$r][j * 16u + m]; //: for r in 4
      //: for k in 4, i in LANE_QUADS
      let value_$k_$i = vec4f(tile[$k][$iu * 64u + j * 8u + n]);
      out_$r_$p_$i += weight_$r[$k] * value_$k_$i; //: for r in 4
      //: end
    }
    //: end
  }

  let whole = row_sum(m, n, total);
  //: for r in 4
  let done_$r = first + m + 16u * $ru;
  if (done_$r < count) {
    let head = kv_head * heads_per_kv + done_$r % heads_per_kv;
    let out_base = (done_$r / heads_per_kv * params.heads + head) * HEAD_QUADS;
    //: for p in PASSES, i in LANE_QUADS
    let at_$p_$i = $pu * PASS_QUADS + n + 8u * $iu;
    if (at_$p_$i < HEAD_QUADS) { out[out_base + at_$p_$i] = vec4<Activation>(out_$r_$p_$i / whole[$r]); }
    //: end
  }
  //: end
}
