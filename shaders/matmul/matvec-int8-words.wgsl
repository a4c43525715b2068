// y[t, n] = Σ_k w[n, k] · x[t, k] in whole numbers of 8 bits, for software adapters: a thread takes TILE_M rows and
// TILE_N tokens alone. x is codes in blocks of 32, and `gain` holds what quantize.wgsl writes of each block: its scale,
// Σ of the codes of either half, Σx². The loop over a block's words keeps the code small.
//: needs projection.wgsl, load_words, block_scale, LANES, TILE_M, TILE_N, BLOCK_QUADS, PARTS, WORDS
//: if HAS_OFFSET
//: else
//: needs ZERO_CODE
//: end
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_group = workgroup_id.x * LANES + lane;
  let last_token = state.count - 1u;
  let first_token = select(workgroup_id.y * TILE_N, last_token, params.last_only == 1u);
  let x_blocks = params.columns / 32u;
  let blocks = x_blocks * PARTS;
  // a bound that compilers do not know, so that they keep the loop
  let words = WORDS * min(x_blocks, 1u);

  let row_$r = matrix_row(row_group, $ru); //: for r in TILE_M
  //: for t in TILE_N
  let x_$t = min(first_token + $tu, last_token) * x_blocks;
  var squares_$t = 0.0;
  var sum_$r_$t = 0.0; //: for r in TILE_M
  //: end

  for (var step = 0u; step < x_blocks; step++) {
    //: for t in TILE_N
    let at_$t = x_$t + step;
    let about_$t = gain[at_$t];
    squares_$t += about_$t.w;
    //: end
    //: for p in PARTS
    {
      const LOW = $pu * BLOCK_QUADS;
      const HIGH = LOW + WORDS;
      let block = step * PARTS + $pu;
      //: for t in TILE_N
      //: if HALF_BLOCKS
      let x_sum_$t = about_$t[1u + $pu];
      //: else
      let x_sum_$t = about_$t.y + about_$t.z;
      //: end
      //: if HAS_OFFSET
      var part_$r_$t = 0i; //: for r in TILE_M
      //: else
      var part_$r_$t = -i32(ZERO_CODE) * i32(x_sum_$t); //: for r in TILE_M
      //: end
      //: end
      for (var w = 0u; w < words; w++) {
        //: for t in TILE_N
        let low_$t = x[2u * at_$t + LOW / 4u][LOW % 4u + w];
        let high_$t = x[2u * at_$t + HIGH / 4u][HIGH % 4u + w];
        //: end
        //: for r in TILE_M
        let codes_$r = load_words(row_$r, block, blocks, w);
        part_$r_$t += dot4I8Packed(codes_$r.x, low_$t) + dot4I8Packed(codes_$r.y, high_$t); //: for t in TILE_N
        //: end
      }
      //: for r in TILE_M
      let scale_$r = block_scale(row_$r, block, blocks);
      //: for t in TILE_N
      //: if HAS_OFFSET
      sum_$r_$t += about_$t.x * (scale_$r.x * f32(part_$r_$t) + scale_$r.y * x_sum_$t);
      //: else
      sum_$r_$t += about_$t.x * scale_$r.x * f32(part_$r_$t);
      //: end
      //: end
      //: end
    }
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
