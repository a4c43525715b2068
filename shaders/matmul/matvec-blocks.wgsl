// y[t, n] = Σ_k w[n, k] · x[t, k] as dot products along the rows, for hardware. A team of LANES threads shares TILE_M
// rows and TILE_N tokens: a lane takes every LANES-th block of each row, so that x is read once for all rows. Codes are
// unpacked to numbers that are off by a constant, whose product with Σx over a block is computed once for all rows. At
// the end the team adds up its sums, and each lane gets a pair of rows.
//: needs projection.wgsl, load_block_at, load_scale, add_up
//: needs WORKGROUP_SIZE, LANES, TILE_M, TILE_N, BLOCK_QUADS, LOW_QUADS
//: for q in LOW_QUADS
//: needs low_quad_$q
//: end
//: for q in HIGH_QUADS
//: needs high_quad_$q
//: end
//: if HAS_ZERO
//: needs LOW_ZERO, HIGH_ZERO
//: end
fn add_products(sum: f32, a: vec4f, b: vec4f) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
fn quad_of(octet: vec4u, half: u32) -> vec4f {
  let packed = select(octet.xy, octet.zw, half == 1u);
  return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row_group = workgroup_id.x * (WORKGROUP_SIZE / LANES) + local_index / LANES;
  let lane = local_index % LANES;
  let last_token = state.count - 1u;
  let first_token = select(workgroup_id.y * TILE_N, last_token, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;

  let row_$r = matrix_row(row_group, $ru) * blocks; //: for r in TILE_M
  //: for t in TILE_N
  let x_$t = min(first_token + $tu, last_token) * quads;
  var squares_$t = 0.0;
  var sum_$r_$t = 0.0; //: for r in TILE_M
  //: end

  for (var block = lane; block < blocks; block += LANES) {
    let codes_$r = load_block_at(row_$r + block); //: for r in TILE_M
    let scale_$r = load_scale(row_$r + block); //: for r in TILE_M
    let low = block * BLOCK_QUADS;
    let high = low + LOW_QUADS;
    //: if PACKED_INPUT
    //: for t in TILE_N
    var octets_$t: array<vec4u, LOW_QUADS>;
    octets_$t[$q] = x[(x_$t + low) / 2u + $qu]; //: for q in LOW_QUADS
    var low_$q_$t = quad_of(octets_$t[$qu / 2u], $qu % 2u); //: for q in LOW_QUADS
    var high_$q_$t = quad_of(octets_$t[(LOW_QUADS + $qu) / 2u], (LOW_QUADS + $qu) % 2u); //: for q in HIGH_QUADS
    //: end
    //: else
    var low_$q_$t = vec4f(x[x_$t + low + $qu]); //: for t in TILE_N, q in LOW_QUADS
    var high_$q_$t = vec4f(x[x_$t + high + $qu]); //: for t in TILE_N, q in HIGH_QUADS
    //: end
    if (NORM) {
      //: for q in LOW_QUADS
      let low_gain_$q = gain[low + $qu];
      //: for t in TILE_N
      squares_$t = add_products(squares_$t, low_$q_$t, low_$q_$t);
      low_$q_$t *= low_gain_$q;
      //: end
      //: end
      //: for q in HIGH_QUADS
      let high_gain_$q = gain[high + $qu];
      //: for t in TILE_N
      squares_$t = add_products(squares_$t, high_$q_$t, high_$q_$t);
      high_$q_$t *= high_gain_$q;
      //: end
      //: end
    }
    //: if HAS_ZERO
    //: for t in TILE_N
    var low_$t = vec4f(0.0);
    low_$t += low_$q_$t; //: for q in LOW_QUADS
    var high_$t = vec4f(0.0);
    high_$t += high_$q_$t; //: for q in HIGH_QUADS
    // the constants by which the unpacked codes are off, in the block's dot product
    let zero_$t = -dot(low_$t, LOW_ZERO) - dot(high_$t, HIGH_ZERO);
    //: if HAS_OFFSET
    let x_sum_$t = dot(low_$t + high_$t, vec4f(1.0));
    //: end
    //: end
    //: end
    //: for r in TILE_M, t in TILE_N
    {
      //: if HAS_ZERO
      var part = vec2f(zero_$t, 0.0);
      //: else
      var part = vec2f(0.0);
      //: end
      part.x = add_products(part.x, low_quad_$q(codes_$r), low_$q_$t); //: for q in LOW_QUADS
      part.y = add_products(part.y, high_quad_$q(codes_$r), high_$q_$t); //: for q in HIGH_QUADS
      sum_$r_$t = fma(scale_$r.x, part.x + part.y, sum_$r_$t);
      //: if HAS_OFFSET
      sum_$r_$t = fma(scale_$r.y, x_sum_$t, sum_$r_$t);
      //: end
    }
    //: end
  }

  //: for t in TILE_N
  var sums_$t: array<f32, TILE_M>;
  sums_$t[$r] = sum_$r_$t; //: for r in TILE_M
  let total_$t = add_up(sums_$t, squares_$t, local_index);
  if (lane < TILE_M / 2u && first_token + $tu <= last_token) {
    let token = select(first_token + $tu, 0u, params.last_only == 1u);
    write_pair(token, row_group, lane, norm_scale(total_$t.z) * total_$t.xy);
  }
  //: end
}
