// The gradient of B: db[i, r] += scale · Σ_t dy[t, out(i)] · u[t, j]. A thread takes TILE_M rows of one map's B, SPAN
// rows apart, and TILE_R of its columns. LANES threads share the tokens of the same elements.
//: needs lora-bindings.wgsl, WORKGROUP_SIZE, LANES, TILE_M, TILE_R
//: if SHARED
//: needs store_partial_sum, sum_partials, SUMS
//: end
const SPAN = WORKGROUP_SIZE / LANES;
@group(0) @binding(2) var<storage, read> dy: array<f32>;       // [T, stride]
@group(0) @binding(3) var<storage, read> u: array<f32>;        // [T, J]
@group(0) @binding(4) var<storage, read_write> db: array<f32>; // [M, R]

fn store(map: u32, row: u32, r: u32, sum: f32) {
  let i = params.begin[map] + row;
  if (i < params.begin[map + 1u] && r < params.rank) { db[i * params.rank + r] += params.scale * sum; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let lane = local_index / SPAN;
  let base = workgroup_id.x * SPAN * TILE_M;
  let first_rank = workgroup_id.y * TILE_R;
  let map = workgroup_id.z;
  let rows = params.begin[map + 1u] - params.begin[map];
  if (base >= rows) { return; }
  //: for i in TILE_M
  let row_$i = base + $iu * SPAN + local_index % SPAN;
  let dy_$i = params.first[map] + min(row_$i, rows - 1u);
  var sum_$i_$r = 0.0; //: for r in TILE_R
  //: end
  let u_$r = map * params.rank + clamp_rank(first_rank + $ru); //: for r in TILE_R

  for (var t = lane; t < state.count; t += LANES) {
    let out_$i = dy[t * params.stride + dy_$i]; //: for i in TILE_M
    //: for r in TILE_R
    let in_$r = u[t * stacked_ranks() + u_$r];
    sum_$i_$r += out_$i * in_$r; //: for i in TILE_M
    //: end
  }

  //: if SHARED
  store_partial_sum(($iu * TILE_R + $ru) * SPAN + local_index % SPAN, lane, sum_$i_$r); //: for i in TILE_M, r in TILE_R
  workgroupBarrier();
  for (var n = local_index; n < SUMS; n += WORKGROUP_SIZE) {
    let tile = n / SPAN;
    store(map, base + tile / TILE_R * SPAN + n % SPAN, first_rank + tile % TILE_R, sum_partials(n));
  }
  //: else
  store(map, row_$i, first_rank + $ru, sum_$i_$r); //: for i in TILE_M, r in TILE_R
  //: end
}
