// The same as flash.wgsl by a group of threads (Dao et al. 2022, arXiv:2205.14135): Q_TILE queries that share a key head
// go over the keys in tiles. For a tile, each thread scores one key for all queries; then each takes a quad of the output
// and a share of the tile's keys. A key and a value are read once for all queries of the group.
//: needs flash-bindings.wgsl, Activation, WORKGROUP_SIZE, HEAD_QUADS, Q_TILE

// WORKGROUP_SIZE = SHARES · HEAD_QUADS rounded down: threads beyond that only score
const SHARES = WORKGROUP_SIZE / HEAD_QUADS;
var<workgroup> queries: array<vec4f, Q_TILE * HEAD_QUADS>;
var<workgroup> weights: array<f32, Q_TILE * WORKGROUP_SIZE>;
var<workgroup> partial: array<vec4f, SHARES * HEAD_QUADS>;
var<workgroup> largest: array<f32, Q_TILE>;
var<workgroup> shrink: array<f32, Q_TILE>;
var<workgroup> total: array<f32, Q_TILE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let group = params.heads / params.kv_heads; // queries of one token that share this key head
  let count = state.count * group;
  let first = workgroup_id.x * Q_TILE;
  let row = params.heads + 2u * params.kv_heads;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  let base = kv_head * params.context * HEAD_QUADS;
  let quad = local_index % HEAD_QUADS;
  let share = local_index / HEAD_QUADS;

  for (var i = local_index; i < Q_TILE * HEAD_QUADS; i += WORKGROUP_SIZE) {
    let n = min(first + i / HEAD_QUADS, count - 1u);
    let head = kv_head * group + n % group;
    queries[i] = vec4f(qkv[(n / group * row + head) * HEAD_QUADS + i % HEAD_QUADS]) * scale;
  }
  if (local_index < Q_TILE) {
    largest[local_index] = -3.4e38;
    total[local_index] = 0.0;
  }
  var o_$n = vec4f(0.0); //: for n in Q_TILE
  workgroupBarrier();

  // from the first key that the group's first query sees to the last that its last one does
  let position = state.position;
  let seen = position + min(first + Q_TILE - 1u, count - 1u) / group + 1u;
  for (var start = first_visible(position + first / group + 1u); start < seen; start += WORKGROUP_SIZE) {
    let key = start + local_index;
    if (key < seen) {
      let k = base + key * HEAD_QUADS;
      var score_$n = 0.0; //: for n in Q_TILE
      for (var i = 0u; i < params.quads; i++) {
        let part = vec4f(keys[k + i]);
        score_$n += dot(part, queries[$nu * HEAD_QUADS + i]); //: for n in Q_TILE
      }
      //: for n in Q_TILE
      let own_$n = position + (first + $nu) / group;
      weights[$nu * WORKGROUP_SIZE + local_index] = select(-3.4e38, score_$n, key <= own_$n && key + params.window > own_$n);
      //: end
    }
    workgroupBarrier();
    let here = min(WORKGROUP_SIZE, seen - start);
    // one thread a query keeps the running maximum and sum
    if (local_index < Q_TILE) {
      let w = local_index * WORKGROUP_SIZE;
      let before = largest[local_index];
      var top = before;
      for (var j = 0u; j < here; j++) { top = max(top, weights[w + j]); }
      var sum = 0.0;
      for (var j = 0u; j < here; j++) {
        let weight = select(0.0, exp(weights[w + j] - top), weights[w + j] > -3e38);
        weights[w + j] = weight;
        sum += weight;
      }
      let factor = exp(before - top);
      largest[local_index] = top;
      shrink[local_index] = factor;
      total[local_index] = total[local_index] * factor + sum;
    }
    workgroupBarrier();
    o_$n *= shrink[$n]; //: for n in Q_TILE
    if (share < SHARES) {
      for (var j = share; j < here; j += SHARES) {
        let value = vec4f(values[base + (start + j) * HEAD_QUADS + quad]);
        o_$n += weights[$nu * WORKGROUP_SIZE + j] * value; //: for n in Q_TILE
      }
    }
    workgroupBarrier();
  }

  //: for n in Q_TILE
  if (share < SHARES) { partial[local_index] = o_$n; }
  workgroupBarrier();
  if (local_index < HEAD_QUADS && first + $nu < count) {
    var sum = vec4f(0.0);
    for (var s = 0u; s < SHARES; s++) { sum += partial[s * HEAD_QUADS + local_index]; }
    let n = first + $nu;
    let head = kv_head * group + n % group;
    out[(n / group * params.heads + head) * HEAD_QUADS + local_index] = vec4<Activation>(sum / total[$n]);
  }
  workgroupBarrier();
  //: end
}
