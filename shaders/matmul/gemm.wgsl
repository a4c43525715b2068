// y[t, n] = Σ_k w[n, k] · x[t, k] for many tokens, for hardware. TOKEN_LANES × 8 threads compute a tile of
// TOKEN_LANES · TILE_N tokens × 8 · TILE_M rows, each a register tile of TILE_N × TILE_M. A step of 8 quads of columns
// is dequantized once into shared memory. Of the matrix a thread brings ROW_LOADS blocks, or a part of one; of x one of
// the 8 quads of each of its tokens: neighbours read neighbours, and 8 threads have parts of a Σx².
//: needs projection.wgsl, load_block, block_scale, BLOCK_QUADS, TILE_M, TILE_N, TOKEN_LANES, ROW_PARTS
//: for q in BLOCK_QUADS
//: needs block_quad_$q
//: end
const STEP_QUADS = 8u;
const ROW_LANES = 8u;
const THREADS = TOKEN_LANES * ROW_LANES;
const STEP_BLOCKS = STEP_QUADS / BLOCK_QUADS;
const PART_QUADS = BLOCK_QUADS / ROW_PARTS;
// [quad][token or row of a thread][lane ^ quad]. Threads that read or write together use different banks, and of the
// indices only the lane differs between threads, so that one check of bounds does for all reads of a quad.
var<workgroup> tokens: array<array<array<vec4f, TOKEN_LANES>, TILE_N>, STEP_QUADS>;
var<workgroup> rows: array<array<array<vec4f, ROW_LANES>, TILE_M>, STEP_QUADS>;

fn multiply_add(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let last_token = state.count - 1u;
  let row_lane = local_index % ROW_LANES;
  let token_lane = local_index / ROW_LANES;
  let tile_token = select(workgroup_id.y * TOKEN_LANES * TILE_N, last_token, params.last_only == 1u);
  let first_token = tile_token + token_lane * TILE_N;
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;
  let x_$t = min(first_token + $tu, last_token) * quads + row_lane; //: for t in TILE_N
  let part = local_index / (THREADS / ROW_PARTS);
  let step_block = local_index % STEP_BLOCKS;
  //: for j in ROW_LOADS
  let slot_$j = (local_index % (THREADS / ROW_PARTS) + $ju * THREADS) / STEP_BLOCKS;
  let row_$j = matrix_row(workgroup_id.x * ROW_LANES + slot_$j % ROW_LANES, slot_$j / ROW_LANES);
  //: end
  var squares_$t = 0.0; //: for t in TILE_N
  var sum_$r_$t = 0.0; //: for t in TILE_N, r in TILE_M

  for (var base = 0u; base < quads; base += STEP_QUADS) {
    //: for j in ROW_LOADS
    let codes_$j = load_block(row_$j, base / BLOCK_QUADS + step_block, blocks);
    let scale_$j = block_scale(row_$j, base / BLOCK_QUADS + step_block, blocks);
    //: end
    let quad_$t = vec4f(x[x_$t + base]); //: for t in TILE_N
    if (NORM) {
      let factors = gain[base + row_lane];
      let in_row = f32(base + row_lane < quads);
      //: for t in TILE_N
      squares_$t = fma(in_row, dot(quad_$t, quad_$t), squares_$t);
      tokens[row_lane][$t][token_lane ^ row_lane] = quad_$t * factors;
      //: end
    } else {
      tokens[row_lane][$t][token_lane ^ row_lane] = quad_$t; //: for t in TILE_N
    }
    //: for j in ROW_LOADS, q in BLOCK_QUADS
    if ($qu / PART_QUADS == part) {
      let quad = step_block * BLOCK_QUADS + $qu;
      rows[quad][slot_$j / ROW_LANES][(slot_$j % ROW_LANES) ^ quad] = scale_$j.x * block_quad_$q(codes_$j) + scale_$j.y;
    }
    //: end
    workgroupBarrier();
    if (first_token <= last_token) {
      let step_quads = min(STEP_QUADS, quads - base);
      for (var q = 0u; q < step_quads; q++) {
        let x_lane = token_lane ^ q;
        let w_lane = row_lane ^ q;
        let x_$t = tokens[q][$t][x_lane]; //: for t in TILE_N
        //: for r in TILE_M
        let w_$r = rows[q][$r][w_lane];
        sum_$r_$t = multiply_add(w_$r, x_$t, sum_$r_$t); //: for t in TILE_N
        //: end
      }
    }
    workgroupBarrier();
  }

  tokens[row_lane][$t][token_lane].x = squares_$t; //: for t in TILE_N
  workgroupBarrier();
  //: for t in TILE_N
  if (first_token + $tu <= last_token) {
    var squares = 0.0;
    for (var q = 0u; q < STEP_QUADS; q++) { squares += tokens[q][$t][token_lane].x; }
    var sums_$t: array<f32, TILE_M>;
    sums_$t[$r] = sum_$r_$t; //: for r in TILE_M
    let token = select(first_token + $tu, 0u, params.last_only == 1u);
    write_outputs(token, workgroup_id.x * ROW_LANES + row_lane, squares, sums_$t);
  }
  //: end
}
