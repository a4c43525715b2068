// y[t, n] = Σ_k w[n, k] · x[t, k] for many tokens, for hardware: blocks of 64 tokens × 64 rows by 8 × 8 threads, each
// with a register tile of TILE_N × TILE_M (8 × 8). A step of 8 quads of columns is dequantized once into shared memory.
// Thread i brings the quads of token i and of row i, so Σx² of a token needs no reduction.
//: needs projection.wgsl, load_block, block_scale, BLOCK_QUADS, TILE_M, TILE_N
//: for q in BLOCK_QUADS
//: needs block_quad_$q
//: end
const STEP_QUADS = 8u;
const BLOCK_TILE = 64u;
var<workgroup> tokens: array<vec4f, STEP_QUADS * BLOCK_TILE>; // [quad][token]
var<workgroup> rows: array<vec4f, STEP_QUADS * BLOCK_TILE>;   // [quad][row]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let last_token = state.count - 1u;
  let first_token = select(workgroup_id.y * BLOCK_TILE, last_token, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;
  let row_group = workgroup_id.x * 8u + local_index % 8u; // rows that this thread sums
  let token_group = local_index / 8u;                     // tokens that it sums
  let row = matrix_row(workgroup_id.x * 8u + local_index / TILE_M, local_index % TILE_M);
  let x_base = min(first_token + local_index, last_token) * quads;
  var squares = 0.0;
  var sum_$r_$t = 0.0; //: for t in TILE_N, r in TILE_M

  for (var quad_base = 0u; quad_base < quads; quad_base += STEP_QUADS) {
    let step_quads = min(STEP_QUADS, quads - quad_base);
    for (var q = 0u; q < step_quads; q++) {
      var quad = vec4f(x[x_base + quad_base + q]);
      if (NORM) {
        squares += dot(quad, quad);
        quad *= gain[quad_base + q];
      }
      tokens[q * BLOCK_TILE + local_index] = quad;
    }
    for (var b = 0u; b < step_quads; b += BLOCK_QUADS) {
      let block = (quad_base + b) / BLOCK_QUADS;
      let codes = load_block(row, block, blocks);
      let scale = block_scale(row, block, blocks);
      rows[(b + $qu) * BLOCK_TILE + local_index] = scale.x * block_quad_$q(codes) + scale.y; //: for q in BLOCK_QUADS
    }
    workgroupBarrier();
    for (var q = 0u; q < step_quads; q++) {
      let t = q * BLOCK_TILE + token_group * TILE_N;
      let r = q * BLOCK_TILE + local_index % 8u * TILE_M;
      let x_$t = tokens[t + $tu]; //: for t in TILE_N
      //: for r in TILE_M
      let w_$r = rows[r + $ru];
      sum_$r_$t += dot(w_$r, x_$t); //: for t in TILE_N
      //: end
    }
    workgroupBarrier();
  }
  tokens[local_index].x = squares; // the tile is no longer needed, and every adapter has 16 KiB only
  workgroupBarrier();

  //: for t in TILE_N
  if (first_token + token_group * TILE_N + $tu <= last_token) {
    var sums_$t: array<f32, TILE_M>;
    sums_$t[$r] = sum_$r_$t; //: for r in TILE_M
    let token = select(first_token + token_group * TILE_N + $tu, 0u, params.last_only == 1u);
    write_outputs(token, row_group, tokens[token_group * TILE_N + $tu].x, sums_$t);
  }
  //: end
}
