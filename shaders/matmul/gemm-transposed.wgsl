// y[t, k] = Σ_n x[t, n] · w[n, k] for many tokens, for hardware. TOKEN_LANES × 8 threads compute a tile of
// TOKEN_LANES · TILE_N tokens × 32 · TILE_QUADS columns, each a register tile of TILE_N tokens × TILE_QUADS quads. A
// step of 32 rows is dequantized once into shared memory, from the matrix as it is stored: a thread brings ROW_LOADS
// blocks, or a part of one, and of x one of the 8 quads of each of its tokens.
//: needs transposed.wgsl, block_scale, load_block, BLOCK_QUADS, TILE_N, TILE_QUADS, TOKEN_LANES, ROW_PARTS
//: for q in BLOCK_QUADS
//: needs block_quad_$q
//: end
const STEP_QUADS = 8u;
const STEP_ROWS = 4u * STEP_QUADS;
const COLUMN_LANES = 8u;
const THREADS = TOKEN_LANES * COLUMN_LANES;
const STEP_BLOCKS = TILE_QUADS * COLUMN_LANES / BLOCK_QUADS; // of a row
const PART_QUADS = BLOCK_QUADS / ROW_PARTS;
// [quad of rows][token of a thread][lane ^ quad], and [quad of rows][row of it][quad of a thread][lane ^ quad]: threads
// that read or write together use different banks, and one check of bounds does for all reads of a quad
var<workgroup> tokens: array<array<array<vec4f, TOKEN_LANES>, TILE_N>, STEP_QUADS>;
var<workgroup> weights: array<array<array<array<vec4f, COLUMN_LANES>, TILE_QUADS>, 4>, STEP_QUADS>;

fn bring(i: u32) -> vec4f { return vec4f(x[i], x[i + 1u], x[i + 2u], x[i + 3u]); }

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let last_token = state.count - 1u;
  let lane = local_index % COLUMN_LANES;
  let token_lane = local_index / COLUMN_LANES;
  let first_token = (workgroup_id.y * TOKEN_LANES + token_lane) * TILE_N;
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;
  let x_$t = min(first_token + $tu, last_token) * params.x_stride + params.row_start + 4u * lane; //: for t in TILE_N
  let part = local_index / (THREADS / ROW_PARTS);
  //: for j in ROW_LOADS
  // neighbours bring neighbouring floats of a row, or blocks of rows whose quads lie in different banks
  let unit_$j = local_index % (THREADS / ROW_PARTS) + $ju * THREADS;
  let row_$j = select(unit_$j % 8u * 4u + unit_$j / 8u % 4u, unit_$j / STEP_BLOCKS, BLOCK_QUADS == 1u);
  let block_$j = select(unit_$j / STEP_ROWS, unit_$j % STEP_BLOCKS, BLOCK_QUADS == 1u);
  let from_$j = min(workgroup_id.x * STEP_BLOCKS + block_$j, blocks - 1u);
  //: end
  var sum_$h_$t = vec4f(0.0); //: for h in TILE_QUADS, t in TILE_N

  for (var base = 0u; base < params.rows; base += STEP_ROWS) {
    //: for j in ROW_LOADS
    let source_$j = min(base + row_$j, params.rows - 1u);
    let codes_$j = load_block(source_$j, from_$j, blocks);
    let scale_$j = block_scale(source_$j, from_$j, blocks);
    //: end
    var quad_$t: vec4f; //: for t in TILE_N
    quad_$t = bring(x_$t + base); //: for t in TILE_N
    if (base + STEP_ROWS > params.rows) {
      let within = base + 4u * lane + vec4u(0u, 1u, 2u, 3u) < vec4u(params.rows);
      quad_$t = select(vec4f(0.0), quad_$t, within); //: for t in TILE_N
    }
    tokens[lane][$t][token_lane ^ lane] = quad_$t; //: for t in TILE_N
    //: for j in ROW_LOADS, q in BLOCK_QUADS
    if ($qu / PART_QUADS == part) {
      let quad = block_$j * BLOCK_QUADS + $qu;
      let place = (quad ^ (row_$j / 4u)) % COLUMN_LANES;
      weights[row_$j / 4u][row_$j % 4u][quad / COLUMN_LANES][place] = scale_$j.x * block_quad_$q(codes_$j) + scale_$j.y;
    }
    //: end
    workgroupBarrier();
    if (first_token <= last_token) {
      let step_quads = min(STEP_QUADS, (params.rows - base + 3u) / 4u);
      for (var q = 0u; q < step_quads; q++) {
        let x_lane = token_lane ^ q;
        let w_lane = lane ^ q;
        let x_$t = tokens[q][$t][x_lane]; //: for t in TILE_N
        //: for r in FOUR, h in TILE_QUADS
        let w_$r_$h = weights[q][$r][$h][w_lane];
        sum_$h_$t = fma(vec4f(x_$t[$r]), w_$r_$h, sum_$h_$t); //: for t in TILE_N
        //: end
      }
    }
    workgroupBarrier();
  }

  //: for t in TILE_N
  if (first_token + $tu <= last_token) {
    //: for h in TILE_QUADS
    let quad_$h = (workgroup_id.x * TILE_QUADS + $hu) * COLUMN_LANES + lane;
    if (quad_$h < quads) { store(first_token + $tu, quad_$h, sum_$h_$t); }
    //: end
  }
  //: end
}
