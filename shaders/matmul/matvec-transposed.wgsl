// y[t, k] = Σ_n x[t, n] · w[n, k] by threads that work alone: each takes a quad of columns and TOKENS tokens, and walks down
// the rows as they are stored. What a group's threads read of x is the same for all of them.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let quad = workgroup.x * WORKGROUP + local;
  let quads = params.columns / 4u;
  if (quad >= quads) { return; }
  let last = state.count - 1u;
  let first = workgroup.y * TOKENS;
  //: for t in TOKENS
  let x_$t = min(first + $tu, last) * params.x_stride + params.row_start;
  var sum_$t = vec4f(0.0);
  //: end t

  for (var n = 0u; n < params.rows; n++) {
    let scale = block_scale(n, quad / BLOCK_QUADS, quads / BLOCK_QUADS);
    let w = scale.x * codes_at(n, quad, quads) + scale.y;
    //: for t in TOKENS
    sum_$t += x[x_$t + n] * w;
    //: end t
  }

  //: for t in TOKENS
  if (first + $tu <= last) { store(first + $tu, quad, sum_$t); }
  //: end t
}
