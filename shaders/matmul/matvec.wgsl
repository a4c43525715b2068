// y[t, n] = Σ_k w[n, k] · x[t, k], as dot products along the row: ROWS rows and TOKENS tokens a thread group of LANES.
// LANES = 1 is one thread alone, without barriers, for software adapters; more lanes share a row and reduce.
// UNROLLED takes a block as whole vectors, for hardware; LOOPED takes it quad by quad: a tenth of the code to compile.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = workgroup.x * (WORKGROUP / LANES) + local / LANES;
  let lane = local % LANES;
  let last = state.count - 1u;
  let first = select(workgroup.y * TOKENS, last, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;

  //: for r in ROWS
  let row_$r = row_of(group, $ru);
  //: end r
  //: for t in TOKENS
  let x_$t = min(first + $tu, last) * quads;
  var squares_$t = 0.0;
  //: for r in ROWS
  var sum_$r_$t = 0.0;
  //: end r
  //: end t

  for (var block = lane; block < blocks; block += LANES) {
    let quad = block * BLOCK_QUADS;
    // Σx over the block, for values that have an offset
    //: for o in OFFSET
    //: for t in TOKENS
    var total_$t = vec4f(0.0);
    //: end t
    //: end o
    //: for u in UNROLLED
    //: for q in BLOCK_QUADS
    //: for t in TOKENS
    var in_$q_$t = vec4f(x[x_$t + quad + $qu]);
    //: end t
    if (NORM) {
      let g = gain[quad + $qu];
      //: for t in TOKENS
      squares_$t += dot(in_$q_$t, in_$q_$t);
      in_$q_$t *= g;
      //: end t
    }
    //: for o in OFFSET
    //: for t in TOKENS
    total_$t += in_$q_$t;
    //: end t
    //: end o
    //: end q
    //: for o in OFFSET
    //: for t in TOKENS
    let all_$t = dot(total_$t, vec4f(1.0));
    //: end t
    //: end o
    //: for r in ROWS
    {
      let w = load_block(row_$r, block, blocks);
      //: for t in TOKENS
      var part_$t = 0.0;
      //: end t
      //: for q in BLOCK_QUADS
      {
        let weights = quad_$q(w);
        //: for t in TOKENS
        part_$t += dot(weights, in_$q_$t);
        //: end t
      }
      //: end q
      let scale = block_scale(row_$r, block, blocks);
      //: for t in TOKENS
      sum_$r_$t += scale.x * part_$t;
      //: end t
      //: for o in OFFSET
      //: for t in TOKENS
      sum_$r_$t += scale.y * all_$t;
      //: end t
      //: end o
    }
    //: end r
    //: end u
    //: for l in LOOPED
    //: for r in ROWS
    //: for t in TOKENS
    var part_$r_$t = 0.0;
    //: end t
    //: end r
    for (var q = quad; q < quad + BLOCK_QUADS; q++) {
      //: for t in TOKENS
      var in_$t = vec4f(x[x_$t + q]);
      if (NORM) {
        squares_$t += dot(in_$t, in_$t);
        in_$t *= gain[q];
      }
      //: for o in OFFSET
      total_$t += in_$t;
      //: end o
      //: end t
      //: for r in ROWS
      let weights_$r = codes_at(row_$r, q, quads);
      //: for t in TOKENS
      part_$r_$t += dot(weights_$r, in_$t);
      //: end t
      //: end r
    }
    //: for o in OFFSET
    //: for t in TOKENS
    let all_$t = dot(total_$t, vec4f(1.0));
    //: end t
    //: end o
    //: for r in ROWS
    let scale_$r = block_scale(row_$r, block, blocks);
    //: for t in TOKENS
    sum_$r_$t += scale_$r.x * part_$r_$t;
    //: end t
    //: for o in OFFSET
    //: for t in TOKENS
    sum_$r_$t += scale_$r.y * all_$t;
    //: end t
    //: end o
    //: end r
    //: end l
  }

  //: for i in SHARED
  // lanes of one workgroup: each leaves its partial sums, and one lane per sum adds them up
  //: for t in TOKENS
  leave(ROWS * TOKENS + $tu, lane, squares_$t);
  //: for r in ROWS
  leave($ru * TOKENS + $tu, lane, sum_$r_$t);
  //: end r
  //: end t
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
  squares_$t = sums[ROWS * TOKENS + $tu];
  //: for r in ROWS
  sum_$r_$t = sums[$ru * TOKENS + $tu];
  //: end r
  //: end t
  //: end i

  //: for t in TOKENS
  if (first + $tu <= last) {
    var sums_$t: array<f32, ROWS>;
    //: for r in ROWS
    sums_$t[$r] = sum_$r_$t;
    //: end r
    finish(select(first + $tu, 0u, params.last_only == 1u), group, squares_$t, sums_$t);
  }
  //: end t
}
