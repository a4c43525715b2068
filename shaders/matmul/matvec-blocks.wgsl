// y[t, n] = Σ_k w[n, k] · x[t, k] as dot products along the rows, for hardware. LANES threads share TILE_M rows and
// TILE_N tokens. A lane takes every LANES-th block of a row, unrolled; then the lanes add up their sums.
//: needs projection.wgsl, load_block, block_scale, store_partial_sum, partial_count, partial_sums, sums, SUMS
//: needs WORKGROUP_SIZE, LANES, TILE_M, TILE_N, BLOCK_QUADS
//: for q in BLOCK_QUADS
//: needs block_quad_$q
//: end
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_group = workgroup_id.x;
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

  for (var block = lane; block < blocks; block += LANES) {
    let quad = block * BLOCK_QUADS;
    //: if HAS_OFFSET
    // Σx over the block, by which the base of its values is multiplied
    var block_sum_$t = vec4f(0.0); //: for t in TILE_N
    //: end
    //: for q in BLOCK_QUADS
    var in_$q_$t = vec4f(x[x_$t + quad + $qu]); //: for t in TILE_N
    if (NORM) {
      let g = gain[quad + $qu];
      //: for t in TILE_N
      squares_$t += dot(in_$q_$t, in_$q_$t);
      in_$q_$t *= g;
      //: end
    }
    //: if HAS_OFFSET
    block_sum_$t += in_$q_$t; //: for t in TILE_N
    //: end
    //: end
    //: if HAS_OFFSET
    let x_sum_$t = dot(block_sum_$t, vec4f(1.0)); //: for t in TILE_N
    //: end

    //: for r in TILE_M
    {
      let w = load_block(row_$r, block, blocks);
      var part_$t = 0.0; //: for t in TILE_N
      //: for q in BLOCK_QUADS
      {
        let weights = block_quad_$q(w);
        part_$t += dot(weights, in_$q_$t); //: for t in TILE_N
      }
      //: end
      let scale = block_scale(row_$r, block, blocks);
      sum_$r_$t += scale.x * part_$t; //: for t in TILE_N
      //: if HAS_OFFSET
      sum_$r_$t += scale.y * x_sum_$t; //: for t in TILE_N
      //: end
    }
    //: end
  }

  // each lane stores its partial sums; then the lanes add up a sum each
  //: for t in TILE_N
  store_partial_sum(TILE_M * TILE_N + $tu, lane, squares_$t);
  store_partial_sum($ru * TILE_N + $tu, lane, sum_$r_$t); //: for r in TILE_M
  //: end
  workgroupBarrier();
  let partials = partial_count();
  for (var s = lane; s < SUMS; s += LANES) {
    var total = 0.0;
    for (var i = 0u; i < partials; i++) { total += partial_sums[s * LANES + i]; }
    sums[s] = total;
  }
  workgroupBarrier();
  if (lane != 0u) { return; }

  //: for t in TILE_N
  if (first_token + $tu <= last_token) {
    var sums_$t: array<f32, TILE_M>;
    sums_$t[$r] = sums[$ru * TILE_N + $tu]; //: for r in TILE_M
    let token_$t = select(first_token + $tu, 0u, params.last_only == 1u);
    write_outputs(token_$t, row_group, sums[TILE_M * TILE_N + $tu], sums_$t);
  }
  //: end
}
