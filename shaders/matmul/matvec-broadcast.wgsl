// y[t, n] = Σ_k w[n, k] · x[t, k] as dot products along the rows, for software adapters with subgroups. A thread takes
// TILE_M rows and TILE_N tokens. Each thread of a subgroup reads LANE_QUADS quads of x for all of its threads, since
// such adapters read memory lane by lane; together these quads are STEP_BLOCKS blocks. Unless that is one block
// (ONE_BLOCK), a loop goes over the blocks, since it compiles faster than unrolled code.
//: needs projection.wgsl, load_block, block_scale, LANES, TILE_M, TILE_N, BLOCK_QUADS, STEP_BLOCKS, LANE_QUADS
//: needs ONE_BLOCK
//: for q in BLOCK_QUADS
//: needs block_quad_$q
//: end
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row_group = workgroup_id.x * LANES + lane;
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

  for (var step = 0u; step < blocks; step += STEP_BLOCKS) {
    var in_$t: array<vec4f, LANE_QUADS>; //: for t in TILE_N
    //: for i in LANE_QUADS
    {
      let quad = step * BLOCK_QUADS + $iu * LANES + lane;
      let at = min(quad, quads - 1u);
      in_$t[$iu] = vec4f(x[x_$t + at]); //: for t in TILE_N
      if (NORM) {
        let g = gain[at];
        //: for t in TILE_N
        squares_$t += select(0.0, dot(in_$t[$iu], in_$t[$iu]), quad < quads);
        in_$t[$iu] *= g;
        //: end
      }
    }
    //: end
    let end = min(step + STEP_BLOCKS, blocks);
    var block = step;
    loop {
      let codes_$r = load_block(row_$r, block, blocks); //: for r in TILE_M
      //: if HAS_OFFSET
      // Σx over the block, by which the base of its values is multiplied
      var block_sum_$t = vec4f(0.0); //: for t in TILE_N
      //: end
      var part_$r_$t = 0.0; //: for r in TILE_M, t in TILE_N
      //: for q in BLOCK_QUADS
      {
        let weights_$r = block_quad_$q(codes_$r); //: for r in TILE_M
        //: for t in TILE_N
        {
          //: if ONE_BLOCK
          let given = subgroupBroadcast(in_$t[$qu / LANES], $qu % LANES);
          //: else
          let given = subgroupShuffle(in_$t[0], (block - step) * BLOCK_QUADS + $qu);
          //: end
          //: if HAS_OFFSET
          block_sum_$t += given;
          //: end
          part_$r_$t += dot(weights_$r, given); //: for r in TILE_M
        }
        //: end
      }
      //: end
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
      block++;
      if (ONE_BLOCK || block >= end) { break; }
    }
  }

  // a loop over the tokens, since an unrolled store is code for every lane
  var squares: array<f32, TILE_N>;
  var sums: array<array<f32, TILE_M>, TILE_N>;
  //: for t in TILE_N
  squares[$tu] = subgroupAdd(squares_$t);
  sums[$tu][$ru] = sum_$r_$t; //: for r in TILE_M
  //: end
  let end = min(first_token + TILE_N, state.count);
  for (var token = first_token; token < end; token++) {
    let t = token - first_token;
    write_outputs(select(token, 0u, params.last_only == 1u), row_group, squares[t], sums[t]);
  }
}
