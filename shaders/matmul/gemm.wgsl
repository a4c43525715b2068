// y[t, n] = Σ_k w[n, k] · x[t, k] for many tokens: tiles of 64 tokens × 64 rows by 8 × 8 threads, each with a register tile
// of TILE_N × TILE_M (8 × 8). A step of 8 quads of columns is dequantised once into shared memory: thread i brings token i's
// quads and row i's, so that Σx² of a token needs no reduction.
//: needs projection.wgsl, load_block, block_scale, BLOCK_QUADS, TILE_M, TILE_N
//: for q in BLOCK_QUADS
//: needs block_quad_$q
//: end
const STEP = 8u;
const SIDE = 64u;
var<workgroup> tokens: array<vec4f, STEP * SIDE>; // [quad][token]
var<workgroup> rows: array<vec4f, STEP * SIDE>;   // [quad][row]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let last = state.count - 1u;
  let first = select(workgroup_id.y * SIDE, last, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;
  let group = workgroup_id.x * 8u + local_index % 8u; // of rows that this thread sums
  let team = local_index / 8u;                     // of tokens
  let my_row = matrix_row(workgroup_id.x * 8u + local_index / TILE_M, local_index % TILE_M);
  let my_x = min(first + local_index, last) * quads;
  var square = 0.0;
  var sum_$r_$t = 0.0; //: for t in TILE_N, r in TILE_M

  for (var base = 0u; base < quads; base += STEP) {
    let here = min(STEP, quads - base);
    for (var q = 0u; q < here; q++) {
      var quad = vec4f(x[my_x + base + q]);
      if (NORM) {
        square += dot(quad, quad);
        quad *= gain[base + q];
      }
      tokens[q * SIDE + local_index] = quad;
    }
    for (var b = 0u; b < here; b += BLOCK_QUADS) {
      let block = (base + b) / BLOCK_QUADS;
      let codes = load_block(my_row, block, blocks);
      let scale = block_scale(my_row, block, blocks);
      rows[(b + $qu) * SIDE + local_index] = scale.x * block_quad_$q(codes) + scale.y; //: for q in BLOCK_QUADS
    }
    workgroupBarrier();
    for (var q = 0u; q < here; q++) {
      let t = q * SIDE + team * TILE_N;
      let r = q * SIDE + local_index % 8u * TILE_M;
      let x_$t = tokens[t + $tu]; //: for t in TILE_N
      //: for r in TILE_M
      let w_$r = rows[r + $ru];
      sum_$r_$t += dot(w_$r, x_$t); //: for t in TILE_N
      //: end
    }
    workgroupBarrier();
  }
  tokens[local_index].x = square; // the tile is done with; 16 KiB are all that every adapter has
  workgroupBarrier();

  //: for t in TILE_N
  if (first + team * TILE_N + $tu <= last) {
    var sums_$t: array<f32, TILE_M>;
    sums_$t[$r] = sum_$r_$t; //: for r in TILE_M
    let token = select(first + team * TILE_N + $tu, 0u, params.last_only == 1u);
    write_outputs(token, group, tokens[team * TILE_N + $tu].x, sums_$t);
  }
  //: end
}
