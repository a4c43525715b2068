// Attention over the KV cache for hardware: attention.wgsl by a workgroup (Dao et al. 2022, arXiv:2205.14135). Q_TILE
// queries that share a key head go over the keys in tiles. For a tile, each thread computes the scores of one key for
// all queries. Then each thread takes a quad of the output and a share of the tile's keys. A key and a value are read
// once for all queries.
//: needs attention-bindings.wgsl, key_quad, value_quad, Activation, WORKGROUP_SIZE, HEAD_QUADS, Q_TILE

// Threads beyond SHARES · HEAD_QUADS only compute scores.
const SHARES = WORKGROUP_SIZE / HEAD_QUADS;
var<workgroup> queries: array<vec4f, Q_TILE * HEAD_QUADS>;
var<workgroup> weights: array<f32, Q_TILE * WORKGROUP_SIZE>;
var<workgroup> partial: array<vec4f, SHARES * HEAD_QUADS>;
var<workgroup> running_max: array<f32, Q_TILE>;
var<workgroup> rescale: array<f32, Q_TILE>;
var<workgroup> denominator: array<f32, Q_TILE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let heads_per_kv = params.heads / params.kv_heads; // queries of one token that share this key head
  let count = state.count * heads_per_kv;
  let first = workgroup_id.x * Q_TILE;
  let heads_per_token = params.heads + 2u * params.kv_heads;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  let cache_base = kv_head * params.context * HEAD_QUADS;
  let quad = local_index % HEAD_QUADS;
  let share = local_index / HEAD_QUADS;

  for (var i = local_index; i < Q_TILE * HEAD_QUADS; i += WORKGROUP_SIZE) {
    let n = min(first + i / HEAD_QUADS, count - 1u);
    let head = kv_head * heads_per_kv + n % heads_per_kv;
    queries[i] = vec4f(qkv[(n / heads_per_kv * heads_per_token + head) * HEAD_QUADS + i % HEAD_QUADS]) * scale;
  }
  if (local_index < Q_TILE) {
    running_max[local_index] = -3.4e38;
    denominator[local_index] = 0.0;
  }
  var out_$n = vec4f(0.0); //: for n in Q_TILE
  workgroupBarrier();

  // from the first key that the first query sees to the last key that the last query sees
  let position = state.position;
  let end_position = position + min(first + Q_TILE - 1u, count - 1u) / heads_per_kv + 1u;
  let first_key = first_visible(position + first / heads_per_kv + 1u);
  for (var tile_start = first_key; tile_start < end_position; tile_start += WORKGROUP_SIZE) {
    let key = tile_start + local_index;
    if (key < end_position) {
      let key_base = cache_base + key * HEAD_QUADS;
      var score_$n = 0.0; //: for n in Q_TILE
      for (var i = 0u; i < params.quads; i++) {
        let part = key_quad(key_base + i);
        score_$n += dot(part, queries[$nu * HEAD_QUADS + i]); //: for n in Q_TILE
      }
      //: for n in Q_TILE
      let position_$n = position + (first + $nu) / heads_per_kv;
      let visible_$n = key <= position_$n && key + params.window > position_$n;
      weights[$nu * WORKGROUP_SIZE + local_index] = select(-3.4e38, score_$n, visible_$n);
      //: end
    }
    workgroupBarrier();
    let tile_keys = min(WORKGROUP_SIZE, end_position - tile_start);
    // one thread for each query keeps the running maximum and sum
    if (local_index < Q_TILE) {
      let weight_base = local_index * WORKGROUP_SIZE;
      let old_max = running_max[local_index];
      var new_max = old_max;
      for (var j = 0u; j < tile_keys; j++) { new_max = max(new_max, weights[weight_base + j]); }
      var sum = 0.0;
      for (var j = 0u; j < tile_keys; j++) {
        let weight = select(0.0, exp(weights[weight_base + j] - new_max), weights[weight_base + j] > -3e38);
        weights[weight_base + j] = weight;
        sum += weight;
      }
      let factor = exp(old_max - new_max);
      running_max[local_index] = new_max;
      rescale[local_index] = factor;
      denominator[local_index] = denominator[local_index] * factor + sum;
    }
    workgroupBarrier();
    out_$n *= rescale[$n]; //: for n in Q_TILE
    if (share < SHARES) {
      for (var j = share; j < tile_keys; j += SHARES) {
        let value = value_quad(cache_base + (tile_start + j) * HEAD_QUADS + quad);
        out_$n += weights[$nu * WORKGROUP_SIZE + j] * value; //: for n in Q_TILE
      }
    }
    workgroupBarrier();
  }

  //: for n in Q_TILE
  if (share < SHARES) { partial[local_index] = out_$n; }
  workgroupBarrier();
  if (local_index < HEAD_QUADS && first + $nu < count) {
    var sum = vec4f(0.0);
    for (var s = 0u; s < SHARES; s++) { sum += partial[s * HEAD_QUADS + local_index]; }
    let n = first + $nu;
    let head = kv_head * heads_per_kv + n % heads_per_kv;
    out[(n / heads_per_kv * params.heads + head) * HEAD_QUADS + local_index] = vec4<Activation>(sum / denominator[$n]);
  }
  workgroupBarrier();
  //: end
}
