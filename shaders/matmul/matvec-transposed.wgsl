// y[t, k] = Σ_n x[t, n] · w[n, k] for software adapters, by threads that work alone. Each takes TILE_QUADS quads of
// columns and TILE_N tokens, and walks down the rows as they are stored. Its quads lie in one block. All threads of a
// workgroup read the same elements of x.
//: needs transposed.wgsl, block_scale, load_codes, WORKGROUP_SIZE, TILE_QUADS, TILE_N, BLOCK_QUADS
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let quad = (workgroup_id.x * WORKGROUP_SIZE + local_index) * TILE_QUADS;
  let quads = params.columns / 4u;
  if (quad >= quads) { return; }
  let last_token = state.count - 1u;
  let first_token = workgroup_id.y * TILE_N;
  //: for t in TILE_N
  let x_$t = min(first_token + $tu, last_token) * params.x_stride + params.row_start;
  var sum_$q_$t = vec4f(0.0); //: for q in TILE_QUADS
  //: end

  for (var n = 0u; n < params.rows; n++) {
    let scale = block_scale(n, quad / BLOCK_QUADS, quads / BLOCK_QUADS);
    let w_$q = scale.x * load_codes(n, min(quad + $qu, quads - 1u), quads) + scale.y; //: for q in TILE_QUADS
    //: for t in TILE_N
    let in_$t = x[x_$t + n];
    sum_$q_$t += in_$t * w_$q; //: for q in TILE_QUADS
    //: end
  }

  //: for t in TILE_N
  if (first_token + $tu <= last_token) {
    if (quad + $qu < quads) { store(first_token + $tu, quad + $qu, sum_$q_$t); } //: for q in TILE_QUADS
  }
  //: end
}
