// The same as flash.wgsl by a group of threads (Dao et al. 2022, arXiv:2205.14135): QUERIES queries that share a key head
// go over the keys in tiles. For a tile, each thread scores one key for all queries; then each takes a quad of the output
// and a share of the tile's keys. A key and a value are read once for all queries of the group.
//: needs flash-bindings.wgsl, Act, THREADS, QUADS, QUERIES

// THREADS = SHARES · QUADS rounded down: threads beyond that only score
const SHARES = THREADS / QUADS;
var<workgroup> queries: array<vec4f, QUERIES * QUADS>;
var<workgroup> weights: array<f32, QUERIES * THREADS>;
var<workgroup> partial: array<vec4f, SHARES * QUADS>;
var<workgroup> largest: array<f32, QUERIES>;
var<workgroup> shrink: array<f32, QUERIES>;
var<workgroup> total: array<f32, QUERIES>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let kv_head = workgroup.y;
  let group = params.heads / params.kv_heads; // queries of one token that share this key head
  let count = state.count * group;
  let first = workgroup.x * QUERIES;
  let row = params.heads + 2u * params.kv_heads;
  let scale = inverseSqrt(f32(4u * QUADS));
  let base = kv_head * params.context * QUADS;
  let quad = local % QUADS;
  let share = local / QUADS;

  for (var i = local; i < QUERIES * QUADS; i += THREADS) {
    let n = min(first + i / QUADS, count - 1u);
    let head = kv_head * group + n % group;
    queries[i] = vec4f(qkv[(n / group * row + head) * QUADS + i % QUADS]) * scale;
  }
  if (local < QUERIES) {
    largest[local] = -3.4e38;
    total[local] = 0.0;
  }
  //: for n in QUERIES
  var o_$n = vec4f(0.0);
  //: end
  workgroupBarrier();

  // from the first key that the group's first query sees to the last that its last one does
  let position = state.position;
  let seen = position + min(first + QUERIES - 1u, count - 1u) / group + 1u;
  for (var start = first_seen(position + first / group + 1u); start < seen; start += THREADS) {
    let key = start + local;
    if (key < seen) {
      let k = base + key * QUADS;
      //: for n in QUERIES
      var score_$n = 0.0;
      //: end
      for (var i = 0u; i < params.quads; i++) {
        let part = vec4f(keys[k + i]);
        //: for n in QUERIES
        score_$n += dot(part, queries[$nu * QUADS + i]);
        //: end
      }
      //: for n in QUERIES
      let own_$n = position + (first + $nu) / group;
      weights[$nu * THREADS + local] = select(-3.4e38, score_$n, key <= own_$n && key + params.window > own_$n);
      //: end
    }
    workgroupBarrier();
    let here = min(THREADS, seen - start);
    // one thread a query keeps the running maximum and sum
    if (local < QUERIES) {
      let w = local * THREADS;
      let before = largest[local];
      var top = before;
      for (var j = 0u; j < here; j++) { top = max(top, weights[w + j]); }
      var sum = 0.0;
      for (var j = 0u; j < here; j++) {
        let weight = select(0.0, exp(weights[w + j] - top), weights[w + j] > -3e38);
        weights[w + j] = weight;
        sum += weight;
      }
      let factor = exp(before - top);
      largest[local] = top;
      shrink[local] = factor;
      total[local] = total[local] * factor + sum;
    }
    workgroupBarrier();
    //: for n in QUERIES
    o_$n *= shrink[$n];
    //: end
    if (share < SHARES) {
      for (var j = share; j < here; j += SHARES) {
        let value = vec4f(values[base + (start + j) * QUADS + quad]);
        //: for n in QUERIES
        o_$n += weights[$nu * THREADS + j] * value;
        //: end
      }
    }
    workgroupBarrier();
  }

  //: for n in QUERIES
  if (share < SHARES) { partial[local] = o_$n; }
  workgroupBarrier();
  if (local < QUADS && first + $nu < count) {
    var sum = vec4f(0.0);
    for (var s = 0u; s < SHARES; s++) { sum += partial[s * QUADS + local]; }
    let n = first + $nu;
    let head = kv_head * group + n % group;
    out[(n / group * params.heads + head) * QUADS + local] = vec4<Act>(sum / total[$n]);
  }
  workgroupBarrier();
  //: end
}
