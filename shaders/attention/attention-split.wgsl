// Attention over the KV cache for one token on hardware, split over its keys (Dao et al. 2023, Flash-Decoding): a
// workgroup takes Q_TILE query heads that share a key head, and one part of the keys, and reads each key and value
// once. KEY_LANES lanes share a key and hold PART quads of it, of its value, of each query and of each sum; each
// group of lanes takes KEYS keys at a time and keeps an online softmax of its own, in powers of two. At the end the
// groups are added up.
//: needs attention-bindings.wgsl, key_quad, value_quad, Activation, lane_sums, SCORES
//: needs WORKGROUP_SIZE, HEAD_QUADS, Q_TILE, KEYS, KEY_LANES, PART
const GROUPS = WORKGROUP_SIZE / KEY_LANES;
/// A bound below any score; MASKED lies below it, so that masked keys have weight 0.
const LEAST = -1e30;
const MASKED = -3e38;
var<workgroup> group_max: array<f32, Q_TILE * GROUPS>;
var<workgroup> group_total: array<f32, Q_TILE * GROUPS>;
var<workgroup> whole_max: array<f32, Q_TILE>;
var<workgroup> whole_total: array<f32, Q_TILE>;
var<workgroup> handed: array<vec4f, Q_TILE * WORKGROUP_SIZE / 2u>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let split = workgroup_id.x;
  let token = workgroup_id.z;
  let heads_per_kv = params.heads / params.kv_heads;
  let tiles = (heads_per_kv + Q_TILE - 1u) / Q_TILE;
  let kv_head = workgroup_id.y / tiles;
  let first = workgroup_id.y % tiles * Q_TILE; // of the heads that share the key head
  let first_head = kv_head * heads_per_kv;
  let group = local_index / KEY_LANES;
  //: for i in PART
  let place_$i = local_index % KEY_LANES * PART + $iu;
  //: if RAGGED
  let quad_$i = min(place_$i, HEAD_QUADS - 1u);
  //: else
  let quad_$i = place_$i;
  //: end
  //: end

  // log2(e): weights are powers of two
  let scale = 1.4426950408889634 * inverseSqrt(f32(4u * HEAD_QUADS));
  let query_base = token * (params.heads + 2u * params.kv_heads) + first_head;
  //: for n in Q_TILE
  let query_row_$n = (query_base + min(first + $nu, heads_per_kv - 1u)) * HEAD_QUADS;
  //: for i in PART
  //: if RAGGED
  let query_$n_$i = select(vec4<Activation>(), qkv[query_row_$n + quad_$i], place_$i < HEAD_QUADS);
  //: else
  let query_$n_$i = qkv[query_row_$n + quad_$i];
  //: end
  var sum_$n_$i = vec4f(0.0);
  //: end
  var max_$n = LEAST;
  var total_$n = 0.0;
  //: end

  // the splits share evenly what the token sees
  let position_end = state.position + token + 1u;
  let first_key = first_visible(position_end);
  let share = (position_end - first_key + params.splits - 1u) / params.splits;
  let begin = first_key + split * share;
  let end = min(begin + share, position_end);
  let cache_base = kv_head * params.context;
  for (var start = begin; start < end; start += KEYS * GROUPS) {
    //: for k in KEYS
    let key_$k = start + $ku * GROUPS + group;
    let row_$k = (cache_base + min(key_$k, end - 1u)) * HEAD_QUADS;
    let part_$k_$i = key_quad(row_$k + quad_$i); //: for i in PART
    let value_$k_$i = value_quad(row_$k + quad_$i); //: for i in PART
    //: end
    var partial: array<f32, SCORES>;
    //: for n in Q_TILE, k in KEYS
    var partial_$n_$k = 0.0;
    partial_$n_$k += dot(vec4f(query_$n_$i), part_$k_$i); //: for i in PART
    partial[$nu * KEYS + $ku] = partial_$n_$k;
    //: end
    let scores = lane_sums(local_index, partial);
    //: for n in Q_TILE
    let score_$n_$k = select(MASKED, scale * scores[$nu * KEYS + $ku], key_$k < end); //: for k in KEYS
    let old_max_$n = max_$n;
    max_$n = max(max_$n, score_$n_$k); //: for k in KEYS
    let rescale_$n = exp2(old_max_$n - max_$n);
    let weight_$n_$k = exp2(score_$n_$k - max_$n); //: for k in KEYS
    total_$n *= rescale_$n;
    total_$n += weight_$n_$k; //: for k in KEYS
    //: for i in PART
    sum_$n_$i *= rescale_$n;
    sum_$n_$i += weight_$n_$k * value_$k_$i; //: for k in KEYS
    //: end
    //: end
  }

  // the largest score of all groups, and the sum of their weights
  let leads = local_index % KEY_LANES == 0u;
  if (leads) {
    group_max[$nu * GROUPS + group] = max_$n; //: for n in Q_TILE
  }
  workgroupBarrier();
  if (local_index < Q_TILE) {
    var largest = LEAST;
    for (var g = 0u; g < GROUPS; g++) { largest = max(largest, group_max[local_index * GROUPS + g]); }
    whole_max[local_index] = largest;
  }
  workgroupBarrier();
  //: for n in Q_TILE
  let weight_$n = exp2(max_$n - whole_max[$n]);
  sum_$n_$i *= weight_$n; //: for i in PART
  if (leads) { group_total[$nu * GROUPS + group] = weight_$n * total_$n; }
  //: end
  workgroupBarrier();
  if (local_index < Q_TILE) {
    var total = 0.0;
    for (var g = 0u; g < GROUPS; g++) { total += group_total[local_index * GROUPS + g]; }
    whole_total[local_index] = total;
  }

  // the upper half of the groups hands its sums to the lower half, until one group has all of them
  //: for i in PART
  for (var threads = WORKGROUP_SIZE / 2u; threads >= KEY_LANES; threads /= 2u) {
    if (local_index >= threads && local_index < 2u * threads) {
      handed[$nu * (WORKGROUP_SIZE / 2u) + local_index - threads] = sum_$n_$i; //: for n in Q_TILE
    }
    workgroupBarrier();
    if (local_index < threads) {
      sum_$n_$i += handed[$nu * (WORKGROUP_SIZE / 2u) + local_index]; //: for n in Q_TILE
    }
    workgroupBarrier();
  }
  //: end

  if (local_index >= KEY_LANES) { return; }
  //: for n in Q_TILE
  if (first + $nu < heads_per_kv) {
    let head_row = token * params.heads + first_head + first + $nu;
    //: for i in PART
    //: if WHOLE
    let output_$i = sum_$n_$i / whole_total[$n];
    if (place_$i < HEAD_QUADS) { out[head_row * HEAD_QUADS + place_$i] = vec4<Activation>(output_$i); }
    //: else
    if (place_$i < HEAD_QUADS) { sums[(head_row * params.splits + split) * HEAD_QUADS + place_$i] = sum_$n_$i; }
    //: end
    //: end
    //: if WHOLE
    //: else
    if (leads) { totals[head_row * params.splits + split] = vec2f(whole_max[$n], whole_total[$n]); }
    //: end
  }
  //: end
}
