// y[t, out(i)] += scale · Σ_r b[i, r] · u[t, j]: the update itself. A thread takes ROWS rows of one map's B, a workgroup apart,
// and TOKENS tokens.
//: needs lora-bindings.wgsl, WORKGROUP, TOKENS, ROWS
@group(0) @binding(2) var<storage, read> u: array<f32>;       // [T, J]
@group(0) @binding(3) var<storage, read> b: array<f32>;       // [M, R]
@group(0) @binding(4) var<storage, read_write> y: array<f32>; // [T, stride]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let map = workgroup.z;
  let begin = params.begin[map];
  let rows = params.begin[map + 1u] - begin;
  let last = state.count - 1u;
  let first = workgroup.y * TOKENS;
  let i = workgroup.x * WORKGROUP * ROWS + local;
  if (i >= rows) { return; }
  //: for r in ROWS
  let row_$r = i + $ru * WORKGROUP;
  let b_$r = (begin + min(row_$r, rows - 1u)) * params.rank;
  //: for t in TOKENS
  var sum_$r_$t = 0.0;
  //: end
  //: end
  //: for t in TOKENS
  let u_$t = min(first + $tu, last) * stacked() + map * params.rank;
  //: end

  for (var k = 0u; k < params.rank; k++) {
    //: for t in TOKENS
    let in_$t = u[u_$t + k];
    //: end
    //: for r in ROWS
    let weight_$r = b[b_$r + k];
    //: for t in TOKENS
    sum_$r_$t += weight_$r * in_$t;
    //: end
    //: end
  }

  //: for t in TOKENS
  if (first + $tu <= last) {
    let y_$t = (first + $tu) * params.stride + params.first[map];
    //: for r in ROWS
    if (row_$r < rows) { y[y_$t + row_$r] += params.scale * sum_$r_$t; }
    //: end
  }
  //: end
}
