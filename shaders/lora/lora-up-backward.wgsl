// v[t, j] = scale · Σ_i dy[t, out(i)] · b[i, r] over the rows i of j's map: the gradient of what lora-down gave. RANKS columns
// of a map's B and TOKENS tokens a group of LANES threads, as in lora-down.
//: needs lora-bindings.wgsl, WORKGROUP, LANES, TOKENS, RANKS
//: if SHARED
//: needs leave, total, SUMS
//: end
@group(0) @binding(2) var<storage, read> dy: array<f32>;      // [T, stride]
@group(0) @binding(3) var<storage, read> b: array<f32>;       // [M, R]
@group(0) @binding(4) var<storage, read_write> v: array<f32>; // [T, J]

fn store(map: u32, token: u32, r: u32, sum: f32) {
  if (token < state.count && r < params.rank) {
    v[token * stacked() + map * params.rank + r] = params.scale * sum;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let first = (workgroup.x * (WORKGROUP / LANES) + local / LANES) * TOKENS;
  let rank = workgroup.y * RANKS;
  let map = workgroup.z;
  let begin = params.begin[map];
  let rows = params.begin[map + 1u] - begin;
  //: for t in TOKENS
  let dy_$t = min(first + $tu, state.count - 1u) * params.stride + params.first[map];
  //: for r in RANKS
  var sum_$r_$t = 0.0;
  //: end
  //: end
  //: for r in RANKS
  let b_$r = begin * params.rank + within(rank + $ru);
  //: end

  for (var i = lane; i < rows; i += LANES) {
    //: for t in TOKENS
    let in_$t = dy[dy_$t + i];
    //: end
    //: for r in RANKS
    let weight_$r = b[b_$r + i * params.rank];
    //: for t in TOKENS
    sum_$r_$t += weight_$r * in_$t;
    //: end
    //: end
  }

  //: if SHARED
  //: for t in TOKENS
  //: for r in RANKS
  leave(lane, $ru * TOKENS + $tu, sum_$r_$t);
  //: end
  //: end
  workgroupBarrier();
  for (var i = lane; i < SUMS; i += LANES) { store(map, first + i % TOKENS, rank + i / TOKENS, total(i)); }
  //: else
  //: for t in TOKENS
  //: for r in RANKS
  store(map, first + $tu, rank + $ru, sum_$r_$t);
  //: end
  //: end
  //: end
}
