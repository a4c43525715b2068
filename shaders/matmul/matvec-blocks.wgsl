// y[t, n] = Σ_k w[n, k] · x[t, k] as dot products along the rows, for hardware: LANES threads share ROWS rows and TOKENS tokens.
// A lane takes every LANES-th block of a row, unrolled whole; then the lanes add up what each has summed.
//: needs projection.wgsl, load_block, block_scale, leave, parts, partial_sums, sums, WORKGROUP, TOKENS, BLOCK_QUADS
//: needs LANES, ROWS, SUMS
//: for q in BLOCK_QUADS
//: needs quad_$q
//: end
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x;
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

  for (var block = lane; block < blocks; block += LANES) {
    let quad = block * BLOCK_QUADS;
    //: if OFFSET
    // Σx over the block, which values that have an offset add
    var total_$t = vec4f(0.0); //: for t in TOKENS
    //: end
    //: for q in BLOCK_QUADS
    var in_$q_$t = vec4f(x[x_$t + quad + $qu]); //: for t in TOKENS
    if (NORM) {
      let g = gain[quad + $qu];
      //: for t in TOKENS
      squares_$t += dot(in_$q_$t, in_$q_$t);
      in_$q_$t *= g;
      //: end
    }
    //: if OFFSET
    total_$t += in_$q_$t; //: for t in TOKENS
    //: end
    //: end
    //: if OFFSET
    let all_$t = dot(total_$t, vec4f(1.0)); //: for t in TOKENS
    //: end

    //: for r in ROWS
    {
      let w = load_block(row_$r, block, blocks);
      var part_$t = 0.0; //: for t in TOKENS
      //: for q in BLOCK_QUADS
      {
        let weights = quad_$q(w);
        part_$t += dot(weights, in_$q_$t); //: for t in TOKENS
      }
      //: end
      let scale = block_scale(row_$r, block, blocks);
      sum_$r_$t += scale.x * part_$t; //: for t in TOKENS
      //: if OFFSET
      sum_$r_$t += scale.y * all_$t; //: for t in TOKENS
      //: end
    }
    //: end
  }

  // each lane leaves its partial sums, and one lane per sum adds them up
  //: for t in TOKENS
  leave(ROWS * TOKENS + $tu, lane, squares_$t);
  leave($ru * TOKENS + $tu, lane, sum_$r_$t); //: for r in ROWS
  //: end
  workgroupBarrier();
  let left = parts();
  for (var v = lane; v < SUMS; v += LANES) {
    var total = 0.0;
    for (var i = 0u; i < left; i++) { total += partial_sums[v * LANES + i]; }
    sums[v] = total;
  }
  workgroupBarrier();
  if (lane != 0u) { return; }

  //: for t in TOKENS
  if (first + $tu <= last) {
    var sums_$t: array<f32, ROWS>;
    sums_$t[$r] = sums[$ru * TOKENS + $tu]; //: for r in ROWS
    finish(select(first + $tu, 0u, params.last_only == 1u), group, sums[ROWS * TOKENS + $tu], sums_$t);
  }
  //: end
}
