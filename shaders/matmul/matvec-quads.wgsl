// y[t, n] = Σ_k w[n, k] · x[t, k] as dot products along the rows, for software adapters: a thread alone takes ROWS rows and TOKENS
// tokens, without barriers. It takes a block quad by quad, in a loop: a tenth of the code of an unrolled block, and of the time to
// compile it.
//: needs projection.wgsl, codes_at, block_scale, WORKGROUP, TOKENS, BLOCK_QUADS, ROWS
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = workgroup.x * WORKGROUP + local;
  let last = state.count - 1u;
  let first = select(workgroup.y * TOKENS, last, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;

  let row_$r = row_of(group, $ru); //: for r in ROWS
  //: for t in TOKENS
  let x_$t = min(first + $tu, last) * quads;
  var squares_$t = 0.0;
  var sum_$r_$t = 0.0; //: for r in ROWS
  //: end

  for (var block = 0u; block < blocks; block++) {
    let quad = block * BLOCK_QUADS;
    //: if OFFSET
    // Σx over the block, which values that have an offset add
    var total_$t = vec4f(0.0); //: for t in TOKENS
    //: end
    var part_$r_$t = 0.0; //: for r in ROWS, t in TOKENS
    for (var q = quad; q < quad + BLOCK_QUADS; q++) {
      //: for t in TOKENS
      var in_$t = vec4f(x[x_$t + q]);
      if (NORM) {
        squares_$t += dot(in_$t, in_$t);
        in_$t *= gain[q];
      }
      //: if OFFSET
      total_$t += in_$t;
      //: end
      //: end
      //: for r in ROWS
      let weights_$r = codes_at(row_$r, q, quads);
      part_$r_$t += dot(weights_$r, in_$t); //: for t in TOKENS
      //: end
    }
    //: if OFFSET
    let all_$t = dot(total_$t, vec4f(1.0)); //: for t in TOKENS
    //: end
    //: for r in ROWS
    let scale_$r = block_scale(row_$r, block, blocks);
    sum_$r_$t += scale_$r.x * part_$r_$t; //: for t in TOKENS
    //: if OFFSET
    sum_$r_$t += scale_$r.y * all_$t; //: for t in TOKENS
    //: end
    //: end
  }

  //: for t in TOKENS
  if (first + $tu <= last) {
    var sums_$t: array<f32, ROWS>;
    sums_$t[$r] = sum_$r_$t; //: for r in ROWS
    finish(select(first + $tu, 0u, params.last_only == 1u), group, squares_$t, sums_$t);
  }
  //: end
}
