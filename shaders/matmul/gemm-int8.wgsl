// y[t, n] = Σ_k w[n, k] · x[t, k] in whole numbers of 8 bits for many tokens, for hardware: 8 × 8 threads, each with a
// register tile of TILE_N tokens × TILE_M rows. A step is a block of 32 columns, whose codes lie in shared memory as
// words of four. `gain` holds what quantize.wgsl writes of each block of x: its scale, Σ of the codes of either half,
// and Σx².
//: needs projection.wgsl, load_block, block_scale, TILE_M, TILE_N, BLOCK_QUADS, PARTS
//: for q in BLOCK_QUADS
//: needs block_word_$q
//: end
//: if HAS_OFFSET
//: else
//: needs ZERO_CODE
//: end
const THREADS = 64u;
const TILE_TOKENS = 8u * TILE_N;
const TILE_ROWS = 8u * TILE_M;
var<workgroup> token_words: array<u32, 8u * TILE_TOKENS>; // [word][token]
var<workgroup> token_abouts: array<vec4f, TILE_TOKENS>;
var<workgroup> row_words: array<u32, 8u * TILE_ROWS>;     // [word][row]
var<workgroup> row_scales: array<vec2f, PARTS * TILE_ROWS>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let last_token = state.count - 1u;
  let first_token = select(workgroup_id.y * TILE_TOKENS, last_token, params.last_only == 1u);
  let x_blocks = params.columns / 32u;
  let blocks = x_blocks * PARTS;
  let row_lane = local_index % 8u;
  let row_group = workgroup_id.x * 8u + row_lane;
  let token_group = local_index / 8u;
  var sum_$r_$t = 0.0; //: for r in TILE_M, t in TILE_N
  var squares_$t = 0.0; //: for t in TILE_N

  for (var step = 0u; step < x_blocks; step++) {
    for (var i = local_index; i < 2u * TILE_TOKENS; i += THREADS) {
      let at = min(first_token + i / 2u, last_token) * x_blocks + step;
      let half = i % 2u;
      let chunk = x[2u * at + half];
      token_words[(4u * half + $ju) * TILE_TOKENS + i / 2u] = chunk[$j]; //: for j in 4
      if (half == 0u) { token_abouts[i / 2u] = gain[at]; }
    }
    for (var i = local_index; i < TILE_ROWS; i += THREADS) {
      let row = matrix_row(workgroup_id.x * 8u + i / TILE_M, i % TILE_M);
      //: for p in PARTS
      {
        let block = step * PARTS + $pu;
        let codes = load_block(row, block, blocks);
        row_words[($pu * BLOCK_QUADS + $qu) * TILE_ROWS + i] = block_word_$q(codes); //: for q in BLOCK_QUADS
        row_scales[$pu * TILE_ROWS + i] = block_scale(row, block, blocks);
      }
      //: end
    }
    workgroupBarrier();
    let about_$t = token_abouts[token_group * TILE_N + $tu]; //: for t in TILE_N
    squares_$t += about_$t.w; //: for t in TILE_N
    //: for p in PARTS
    {
      //: for t in TILE_N
      //: if HALF_BLOCKS
      let x_sum_$t = about_$t[1u + $pu];
      //: else
      let x_sum_$t = about_$t.y + about_$t.z;
      //: end
      //: if HAS_OFFSET
      var part_$r_$t = 0i; //: for r in TILE_M
      //: else
      let zeros_$t = -i32(ZERO_CODE) * i32(x_sum_$t);
      var part_$r_$t = zeros_$t; //: for r in TILE_M
      //: end
      //: end
      for (var q = $pu * BLOCK_QUADS; q < ($pu + 1u) * BLOCK_QUADS; q++) {
        let x_$t = token_words[q * TILE_TOKENS + token_group * TILE_N + $tu]; //: for t in TILE_N
        //: for r in TILE_M
        let w_$r = row_words[q * TILE_ROWS + row_lane * TILE_M + $ru];
        part_$r_$t += dot4I8Packed(w_$r, x_$t); //: for t in TILE_N
        //: end
      }
      //: for r in TILE_M
      let scale_$r = row_scales[$pu * TILE_ROWS + row_lane * TILE_M + $ru];
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
    workgroupBarrier();
  }

  //: for t in TILE_N
  if (first_token + token_group * TILE_N + $tu <= last_token) {
    var sums_$t: array<f32, TILE_M>;
    sums_$t[$r] = sum_$r_$t; //: for r in TILE_M
    let token = select(first_token + token_group * TILE_N + $tu, 0u, params.last_only == 1u);
    write_outputs(token, row_group, squares_$t, sums_$t);
  }
  //: end
}
