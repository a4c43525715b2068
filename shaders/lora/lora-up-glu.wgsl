// The update of gate and up, and their product: gate and up each += scale · B · u as in lora-up.wgsl, then hidden =
// f(gate) · up. A thread takes TILE_M rows of both, WORKGROUP_SIZE rows apart, and TILE_N tokens.
//: needs lora-bindings.wgsl, WORKGROUP_SIZE, TILE_N, TILE_M, activate
@group(0) @binding(2) var<storage, read> u: array<f32>;             // [T, 2R]
@group(0) @binding(3) var<storage, read> b: array<f32>;             // [2F, R]
@group(0) @binding(4) var<storage, read_write> gate_up: array<f32>; // [T, 2F]
@group(0) @binding(5) var<storage, read_write> hidden: array<f32>;  // [T, F]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let half = params.begin[1];
  let last = state.count - 1u;
  let first_token = workgroup_id.y * TILE_N;
  let i = workgroup_id.x * WORKGROUP_SIZE * TILE_M + local_index;
  if (i >= half) { return; }
  //: for r in TILE_M
  let row_$r = i + $ru * WORKGROUP_SIZE;
  let gate_$r = min(row_$r, half - 1u) * params.rank;
  let up_$r = gate_$r + half * params.rank;
  //: for t in TILE_N
  var gate_sum_$r_$t = 0.0;
  var up_sum_$r_$t = 0.0;
  //: end
  //: end
  let u_$t = min(first_token + $tu, last) * stacked_ranks(); //: for t in TILE_N

  for (var k = 0u; k < params.rank; k++) {
    //: for t in TILE_N
    let gate_in_$t = u[u_$t + k];
    let up_in_$t = u[u_$t + params.rank + k];
    //: end
    //: for r in TILE_M
    let gate_weight_$r = b[gate_$r + k];
    let up_weight_$r = b[up_$r + k];
    //: for t in TILE_N
    gate_sum_$r_$t += gate_weight_$r * gate_in_$t;
    up_sum_$r_$t += up_weight_$r * up_in_$t;
    //: end
    //: end
  }

  //: for t in TILE_N
  if (first_token + $tu <= last) {
    let y_$t = (first_token + $tu) * 2u * half;
    //: for r in TILE_M
    if (row_$r < half) {
      let gate = gate_up[y_$t + row_$r] + params.scale * gate_sum_$r_$t;
      let up = gate_up[y_$t + half + row_$r] + params.scale * up_sum_$r_$t;
      gate_up[y_$t + row_$r] = gate;
      gate_up[y_$t + half + row_$r] = up;
      hidden[(first_token + $tu) * half + row_$r] = activate(gate) * up;
    }
    //: end
  }
  //: end
}
