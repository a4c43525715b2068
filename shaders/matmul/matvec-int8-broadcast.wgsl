// y[t, n] = Σ_k w[n, k] · x[t, k] in whole numbers of 8 bits, for software adapters with subgroups of 8: a thread takes
// TILE_M rows and TILE_N tokens. Each thread of a subgroup reads a word of a block's codes and gives it to the others,
// since such adapters read memory lane by lane. `gain` holds what quantize.wgsl writes of each block of x: its scale, Σ
// of the codes of either half, Σx².
//: needs projection.wgsl, load_block, block_scale, LANES, TILE_M, TILE_N, BLOCK_QUADS, PARTS
//: for q in BLOCK_QUADS
//: needs block_word_$q
//: end
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

  let row_$r = matrix_row(row_group, $ru); //: for r in TILE_M
  //: for t in TILE_N
  let x_$t = min(first_token + $tu, last_token) * x_blocks;
  var squares_$t = 0.0;
  var sum_$r_$t = 0.0; //: for r in TILE_M
  //: end

  for (var step = 0u; step < x_blocks; step++) {
    //: for t in TILE_N
    let number_$t = gain[x_$t + step][lane % 4u];
    let word_$t = x[2u * (x_$t + step) + lane / 4u][lane % 4u];
    let x_scale_$t = subgroupBroadcast(number_$t, 0u);
    if (NORM) { squares_$t += subgroupBroadcast(number_$t, 3u); }
    //: end
    //: for p in PARTS
    {
      let block = step * PARTS + $pu;
      //: for r in TILE_M
      let block_$r = load_block(row_$r, block, blocks);
      let codes_$r = array<u32, BLOCK_QUADS>(
        block_word_$q(block_$r), //: for q in BLOCK_QUADS
      );
      let scale_$r = block_scale(row_$r, block, blocks);
      //: end
      //: for t in TILE_N
      {
        //: if HALF_BLOCKS
        let x_sum = subgroupBroadcast(number_$t, 1u + $pu);
        //: else
        let x_sum = subgroupBroadcast(number_$t, 1u) + subgroupBroadcast(number_$t, 2u);
        //: end
        //: if HAS_OFFSET
        var part_$r = 0i; //: for r in TILE_M
        //: else
        let zeros = -i32(ZERO_CODE) * i32(x_sum);
        var part_$r = zeros; //: for r in TILE_M
        //: end
        //: for q in BLOCK_QUADS
        let given_$q = subgroupBroadcast(word_$t, $pu * BLOCK_QUADS + $qu);
        part_$r += dot4I8Packed(codes_$r[$q], given_$q); //: for r in TILE_M
        //: end
        //: for r in TILE_M
        //: if HAS_OFFSET
        sum_$r_$t += x_scale_$t * (scale_$r.x * f32(part_$r) + scale_$r.y * x_sum);
        //: else
        sum_$r_$t += x_scale_$t * scale_$r.x * f32(part_$r);
        //: end
        //: end
      }
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
