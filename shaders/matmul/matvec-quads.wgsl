// y[t, n] = Σ_k w[n, k] · x[t, k] as dot products along the rows, for software adapters. A thread takes TILE_M rows and
// TILE_N tokens alone, without barriers. It goes over a block quad by quad, in a loop, which is a tenth of the code of
// an unrolled block and compiles in a tenth of the time.
//: needs projection.wgsl, load_codes, block_scale, WORKGROUP_SIZE, TILE_N, BLOCK_QUADS, TILE_M
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row_group = workgroup_id.x * WORKGROUP_SIZE + local_index;
  let last_token = state.count - 1u;
  let first_token = select(workgroup_id.y * TILE_N, last_token, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;

  let row_$r = matrix_row(row_group, $ru); //: for r in TILE_M
  //: for t in TILE_N
  let x_$t = min(first_token + $tu, last_token) * quads;
  var squares_$t = 0.0;
  var sum_$r_$t = 0.0; //: for r in TILE_M
  //: end

  for (var block = 0u; block < blocks; block++) {
    let quad = block * BLOCK_QUADS;
    //: if HAS_OFFSET
    // Σx over the block, by which the base of its values is multiplied
    var block_sum_$t = vec4f(0.0); //: for t in TILE_N
    //: end
    var part_$r_$t = 0.0; //: for r in TILE_M, t in TILE_N
    for (var q = quad; q < quad + BLOCK_QUADS; q++) {
      //: for t in TILE_N
      var in_$t = vec4f(x[x_$t + q]);
      if (NORM) {
        squares_$t += dot(in_$t, in_$t);
        in_$t *= gain[q];
      }
      //: if HAS_OFFSET
      block_sum_$t += in_$t;
      //: end
      //: end
      //: for r in TILE_M
      let weights_$r = load_codes(row_$r, q, quads);
      part_$r_$t += dot(weights_$r, in_$t); //: for t in TILE_N
      //: end
    }
    //: if HAS_OFFSET
    let x_sum_$t = dot(block_sum_$t, vec4f(1.0)); //: for t in TILE_N
    //: end
    //: for r in TILE_M
    let scale_$r = block_scale(row_$r, block, blocks);
    sum_$r_$t += scale_$r.x * part_$r_$t; //: for t in TILE_N
    //: if HAS_OFFSET
    sum_$r_$t += scale_$r.y * x_sum_$t; //: for t in TILE_N
    //: end
    //: end
  }

  //: for t in TILE_N
  if (first_token + $tu <= last_token) {
    var sums_$t: array<f32, TILE_M>;
    sums_$t[$r] = sum_$r_$t; //: for r in TILE_M
    write_outputs(select(first_token + $tu, 0u, params.last_only == 1u), row_group, squares_$t, sums_$t);
  }
  //: end
}
