// The gradient of u through B: v[t, j] = scale · Σ_i dy[t, out(i)] · b[i, r] over the rows i of j's map. LANES threads
// take TILE_R columns of a map's B and TILE_N tokens, as in lora-down.wgsl.
//: needs lora-bindings.wgsl, WORKGROUP_SIZE, LANES, TILE_N, TILE_R
//: if SHARED
//: needs store_partial_sum, sum_partials, SUMS
//: end
@group(0) @binding(2) var<storage, read> dy: array<f32>;      // [T, stride]
@group(0) @binding(3) var<storage, read> b: array<f32>;       // [M, R]
@group(0) @binding(4) var<storage, read_write> v: array<f32>; // [T, J]

fn store(map: u32, token: u32, r: u32, sum: f32) {
  if (token < state.count && r < params.rank) {
    v[token * stacked_ranks() + map * params.rank + r] = params.scale * sum;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let lane = local_index % LANES;
  let first_token = (workgroup_id.x * (WORKGROUP_SIZE / LANES) + local_index / LANES) * TILE_N;
  let first_rank = workgroup_id.y * TILE_R;
  let map = workgroup_id.z;
  let begin = params.begin[map];
  let rows = params.begin[map + 1u] - begin;
  //: for t in TILE_N
  let dy_$t = min(first_token + $tu, state.count - 1u) * params.stride + params.first[map];
  var sum_$r_$t = 0.0; //: for r in TILE_R
  //: end
  let b_$r = begin * params.rank + clamp_rank(first_rank + $ru); //: for r in TILE_R

  for (var i = lane; i < rows; i += LANES) {
    let in_$t = dy[dy_$t + i]; //: for t in TILE_N
    //: for r in TILE_R
    let weight_$r = b[b_$r + i * params.rank];
    sum_$r_$t += weight_$r * in_$t; //: for t in TILE_N
    //: end
  }

  //: if SHARED
  store_partial_sum($ru * TILE_N + $tu, lane, sum_$r_$t); //: for t in TILE_N, r in TILE_R
  workgroupBarrier();
  for (var i = lane; i < SUMS; i += LANES) {
    store(map, first_token + i % TILE_N, first_rank + i / TILE_N, sum_partials(i));
  }
  //: else
  store(map, first_token + $tu, first_rank + $ru, sum_$r_$t); //: for t in TILE_N, r in TILE_R
  //: end
}
