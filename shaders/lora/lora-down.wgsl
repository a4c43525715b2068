// u[t, j] = Σ_k mask(x)[t, k] · a[j, k], as dot products along the rows: RANKS rows of a map's A and TOKENS tokens a group of
// LANES threads. One lane is a thread alone; more share the rows and leave their sums in shared memory.
//: needs lora-bindings.wgsl, dropout_key, dropout_site, masked, dropout_keep, WORKGROUP, LANES, TOKENS, RANKS
//: if SHARED
//: needs leave, total, SUMS
//: end
@group(0) @binding(4) var<storage, read> x: array<vec4f>;     // [T, K]
@group(0) @binding(5) var<storage, read> a: array<vec4f>;     // [J, K]
@group(0) @binding(6) var<storage, read_write> u: array<f32>; // [T, J]

fn store(map: u32, token: u32, r: u32, sum: f32) {
  if (token < state.count && r < params.rank) {
    u[token * stacked() + map * params.rank + r] = sum / dropout_keep();
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % LANES;
  let first = (workgroup.x * (WORKGROUP / LANES) + local / LANES) * TOKENS;
  let rank = workgroup.y * RANKS;
  let map = workgroup.z;
  let quads = params.columns / 4u;
  let key = dropout_key(map);
  //: for t in TOKENS
  let token_$t = min(first + $tu, state.count - 1u);
  let site_$t = dropout_site(key, token_$t);
  //: for r in RANKS
  var sum_$r_$t = 0.0;
  //: end
  //: end
  //: for r in RANKS
  let a_$r = (map * params.rank + within(rank + $ru)) * quads;
  //: end

  for (var quad = lane; quad < quads; quad += LANES) {
    //: for t in TOKENS
    let in_$t = masked(site_$t, quad, x[token_$t * quads + quad]);
    //: end
    //: for r in RANKS
    let weights_$r = a[a_$r + quad];
    //: for t in TOKENS
    sum_$r_$t += dot(weights_$r, in_$t);
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
