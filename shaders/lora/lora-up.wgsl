// The update itself: y[t, out(i)] += scale · Σ_r b[i, r] · u[t, j]. A thread takes TILE_M rows of one map's B,
// WORKGROUP_SIZE rows apart, and TILE_N tokens.
//: needs lora-bindings.wgsl, WORKGROUP_SIZE, TILE_N, TILE_M
@group(0) @binding(2) var<storage, read> u: array<f32>;       // [T, J]
@group(0) @binding(3) var<storage, read> b: array<f32>;       // [M, R]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [T, stride]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let map = workgroup_id.z;
  let begin = params.begin[map];
  let rows = params.begin[map + 1u] - begin;
  let last = state.count - 1u;
  let first_token = workgroup_id.y * TILE_N;
  let i = workgroup_id.x * WORKGROUP_SIZE * TILE_M + local_index;
  if (i >= rows) { return; }
  //: for r in TILE_M
  let row_$r = i + $ru * WORKGROUP_SIZE;
  let b_$r = (begin + min(row_$r, rows - 1u)) * params.rank;
  var sum_$r_$t = 0.0; //: for t in TILE_N
  //: end
  let u_$t = min(first_token + $tu, last) * stacked_ranks() + map * params.rank; //: for t in TILE_N

  for (var k = 0u; k < params.rank; k++) {
    let in_$t = u[u_$t + k]; //: for t in TILE_N
    //: for r in TILE_M
    let weight_$r = b[b_$r + k];
    sum_$r_$t += weight_$r * in_$t; //: for t in TILE_N
    //: end
  }

  //: for t in TILE_N
  if (first_token + $tu <= last) {
    let y_$t = (first_token + $tu) * params.stride + params.first[map];
    if (row_$r < rows) { y[y_$t + row_$r] += params.scale * sum_$r_$t; } //: for r in TILE_M
  }
  //: end
}
