// y[t, n] = Σ_k w[n, k] · x[t, k] as dot products along the rows, for software adapters with narrow subgroups and slow
// compilers. It differs from matvec-broadcast.wgsl in that a step is a quad of x for each lane, which lies within a
// block, and that a loop goes over the step's quads.
//: needs projection.wgsl, load_codes, block_scale, LANES, TILE_M, TILE_N, BLOCK_QUADS
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row_group = workgroup_id.x * LANES + lane;
  let last_token = state.count - 1u;
  let first_token = select(workgroup_id.y * TILE_N, last_token, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;

  let row_$r = matrix_row(row_group, $ru); //: for r in TILE_M
  //: for t in TILE_N
  let x_$t = min(first_token + $tu, last_token) * quads + lane;
  var squares_$t = 0.0;
  var sum_$r_$t = 0.0; //: for r in TILE_M
  //: end

  for (var step = 0u; step < quads; step += LANES) {
    var in_$t = vec4f(x[x_$t + step]); //: for t in TILE_N
    if (NORM) {
      let g = gain[step + lane];
      //: for t in TILE_N
      squares_$t += dot(in_$t, in_$t);
      in_$t *= g;
      //: end
    }
    var part_$r_$t = 0.0; //: for r in TILE_M, t in TILE_N
    for (var q = 0u; q < LANES; q++) {
      let weights_$r = load_codes(row_$r, step + q, quads); //: for r in TILE_M
      //: for t in TILE_N
      {
        let given = subgroupShuffle(in_$t, q);
        part_$r_$t += dot(weights_$r, given); //: for r in TILE_M
      }
      //: end
    }
    //: if HAS_OFFSET
    // Σx over the step, by which the base of the block's values is multiplied
    let x_sum_$t = subgroupAdd(dot(in_$t, vec4f(1.0))); //: for t in TILE_N
    //: end
    //: for r in TILE_M
    let scale_$r = block_scale(row_$r, step / BLOCK_QUADS, blocks);
    sum_$r_$t += scale_$r.x * part_$r_$t; //: for t in TILE_N
    //: if HAS_OFFSET
    sum_$r_$t += scale_$r.y * x_sum_$t; //: for t in TILE_N
    //: end
    //: end
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
