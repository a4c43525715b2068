// y[t, k] = Σ_n x[t, n] · w[n, k] by threads that work alone: each takes QUADS quads of columns and TOKENS tokens, and walks
// down the rows as they are stored. The quads lie in one block; what a group's threads read of x is the same for all.
//: needs transposed.wgsl, block_scale, codes_at, WORKGROUP, QUADS, TOKENS, BLOCK_QUADS
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let quad = (workgroup.x * WORKGROUP + local) * QUADS;
  let quads = params.columns / 4u;
  if (quad >= quads) { return; }
  let last = state.count - 1u;
  let first = workgroup.y * TOKENS;
  //: for t in TOKENS
  let x_$t = min(first + $tu, last) * params.x_stride + params.row_start;
  //: for q in QUADS
  var sum_$q_$t = vec4f(0.0);
  //: end
  //: end

  for (var n = 0u; n < params.rows; n++) {
    let scale = block_scale(n, quad / BLOCK_QUADS, quads / BLOCK_QUADS);
    //: for q in QUADS
    let w_$q = scale.x * codes_at(n, min(quad + $qu, quads - 1u), quads) + scale.y;
    //: end
    //: for t in TOKENS
    let in_$t = x[x_$t + n];
    //: for q in QUADS
    sum_$q_$t += in_$t * w_$q;
    //: end
    //: end
  }

  //: for t in TOKENS
  if (first + $tu <= last) {
    //: for q in QUADS
    if (quad + $qu < quads) { store(first + $tu, quad + $qu, sum_$q_$t); }
    //: end
  }
  //: end
}
