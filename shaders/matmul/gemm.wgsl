// y[t, n] = Σ_k w[n, k] · x[t, k] for many tokens, for hardware. TOKEN_LANES × 8 threads compute a tile of TOKEN_LANES
// · TILE_N tokens × 8 · TILE_M rows, each a register tile of TILE_N × TILE_M. A step of 8 quads of columns is
// dequantized once into shared memory: of the matrix a thread brings ROW_LOADS blocks, or a part of one; of x one of
// the 8 quads of each of its tokens, so that neighbours read neighbouring memory and 8 threads have the parts of a Σx².
// With HALF_TILES, shared memory holds f16, and pairs of products are summed in f16 over SUM_QUADS quads before they
// are added to sums in f32.
//: needs projection.wgsl, load_block, block_scale, BLOCK_QUADS, TILE_M, TILE_N, TOKEN_LANES, ROW_PARTS, Tile, TOGETHER
//: needs SUM_QUADS
//: for q in BLOCK_QUADS
//: needs block_quad_$q
//: end
const STEP_QUADS = 8u;
const ROW_LANES = 8u;
const THREADS = TOKEN_LANES * ROW_LANES;
const STEP_BLOCKS = STEP_QUADS / BLOCK_QUADS;
const PART_QUADS = BLOCK_QUADS / ROW_PARTS;
// [TOGETHER quads, which are 16 bytes][token or row of a thread][lane ^ quad][quad]. Threads that read or write
// together use different banks, and only the lane differs between threads: one check of bounds does for all reads.
alias Quad = vec4<Tile>;
var<workgroup> tokens: array<array<array<array<Quad, TOGETHER>, TOKEN_LANES>, TILE_N>, STEP_QUADS / TOGETHER>;
var<workgroup> rows: array<array<array<array<Quad, TOGETHER>, ROW_LANES>, TILE_M>, STEP_QUADS / TOGETHER>;
//: if HALF_TILES
var<workgroup> squares: array<array<array<f32, TOKEN_LANES>, TILE_N>, ROW_LANES>;
//: end

fn place(lane: u32, quad: u32) -> u32 { return lane ^ (quad / TOGETHER * TOGETHER); }

//: if HALF_TILES
fn multiply_add(a: Quad, b: Quad, sum: vec2<Tile>) -> vec2<Tile> { return fma(a.zw, b.zw, fma(a.xy, b.xy, sum)); }
//: else
fn multiply_add(a: Quad, b: Quad, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
//: end

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
  //: if HALF_TILES
  // x is normalized before it becomes f16, which could not hold it otherwise
  var inverse_$t = 1.0; //: for t in TILE_N
  if (NORM) {
    for (var quad = 0u; quad + row_lane < quads; quad += STEP_QUADS) {
      let x_quad_$t = vec4f(x[x_$t + quad]); //: for t in TILE_N
      squares_$t += dot(x_quad_$t, x_quad_$t); //: for t in TILE_N
    }
    squares[row_lane][$t][token_lane] = squares_$t; //: for t in TILE_N
    workgroupBarrier();
    squares_$t = 0.0; //: for t in TILE_N
    for (var q = 0u; q < ROW_LANES; q++) {
      squares_$t += squares[q][$t][token_lane]; //: for t in TILE_N
    }
    inverse_$t = 1.0 / sqrt(squares_$t / f32(params.columns) + params.epsilon); //: for t in TILE_N
  }
  //: end

  for (var base = 0u; base < quads; base += STEP_QUADS) {
    //: for j in ROW_LOADS
    let codes_$j = load_block(row_$j, base / BLOCK_QUADS + step_block, blocks);
    let scale_$j = block_scale(row_$j, base / BLOCK_QUADS + step_block, blocks);
    //: end
    var quad_$t = vec4f(x[x_$t + base]); //: for t in TILE_N
    let in_row = base + row_lane < quads;
    if (NORM) {
      let factors = gain[base + row_lane];
      //: for t in TILE_N
      //: if HALF_TILES
      quad_$t *= factors * inverse_$t;
      //: else
      squares_$t = fma(f32(in_row), dot(quad_$t, quad_$t), squares_$t);
      quad_$t *= factors;
      //: end
      //: end
    }
    //: if HALF_TILES
    // a row of floats may end amid what is summed together
    if (BLOCK_QUADS == 1u) {
      quad_$t = select(vec4f(), quad_$t, in_row); //: for t in TILE_N
    }
    //: end
    let token_place = place(token_lane, row_lane);
    tokens[row_lane / TOGETHER][$t][token_place][row_lane % TOGETHER] = Quad(quad_$t); //: for t in TILE_N
    //: for j in ROW_LOADS, q in BLOCK_QUADS
    if (ROW_PARTS == 1u || $qu / PART_QUADS == part) {
      let quad = step_block * BLOCK_QUADS + $qu;
      let value = scale_$j.x * block_quad_$q(codes_$j) + scale_$j.y;
      rows[quad / TOGETHER][slot_$j / ROW_LANES][place(slot_$j % ROW_LANES, quad)][quad % TOGETHER] = Quad(value);
    }
    //: end
    workgroupBarrier();
    if (first_token <= last_token) {
      let step_quads = min(STEP_QUADS, quads - base);
      for (var q = 0u; q * SUM_QUADS < step_quads; q++) {
        //: for h in SUM_QUADS
        let place_$h = q * (SUM_QUADS / TOGETHER) + $hu / TOGETHER;
        let x_$h_$t = tokens[place_$h][$t][token_lane ^ (place_$h * TOGETHER)][$hu % TOGETHER]; //: for t in TILE_N
        //: end
        //: for r in TILE_M
        let w_$r_$h = rows[place_$h][$r][row_lane ^ (place_$h * TOGETHER)][$hu % TOGETHER]; //: for h in SUM_QUADS
        //: if HALF_TILES
        var part_$r_$t = vec2<Tile>(); //: for t in TILE_N
        part_$r_$t = multiply_add(w_$r_$h, x_$h_$t, part_$r_$t); //: for h in SUM_QUADS, t in TILE_N
        sum_$r_$t = sum_$r_$t + f32(part_$r_$t.x) + f32(part_$r_$t.y); //: for t in TILE_N
        //: else
        sum_$r_$t = multiply_add(w_$r_$h, x_$h_$t, sum_$r_$t); //: for h in SUM_QUADS, t in TILE_N
        //: end
        //: end
      }
    }
    workgroupBarrier();
  }

  //: if HALF_TILES
  sum_$r_$t /= inverse_$t; //: for t in TILE_N, r in TILE_M
  //: else
  if (NORM) { // where the tile was, since every adapter has 16 KiB only
    tokens[row_lane][$t][token_lane][0].x = squares_$t; //: for t in TILE_N
    workgroupBarrier();
    squares_$t = 0.0; //: for t in TILE_N
    for (var q = 0u; q < ROW_LANES; q++) {
      squares_$t += tokens[q][$t][token_lane][0].x; //: for t in TILE_N
    }
  }
  //: end
  //: for t in TILE_N
  if (first_token + $tu <= last_token) {
    var sums_$t: array<f32, TILE_M>;
    sums_$t[$r] = sum_$r_$t; //: for r in TILE_M
    let token = select(first_token + $tu, 0u, params.last_only == 1u);
    write_outputs(token, workgroup_id.x * ROW_LANES + row_lane, squares_$t, sums_$t);
  }
  //: end
}
