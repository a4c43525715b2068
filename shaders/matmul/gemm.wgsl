// y[t, n] = Σ_k w[n, k] · x[t, k] for many tokens: tiles of 64 tokens × 64 rows by 8 × 8 threads, each with a register tile
// of TOKENS × ROWS (8 × 8). A step of 8 quads of columns is dequantised once into shared memory: thread i brings token i's
// quads and row i's, so that Σx² of a token needs no reduction.
//: needs projection.wgsl, load_block, block_scale, BLOCK_QUADS, ROWS, TOKENS
//: for q in BLOCK_QUADS
//: needs quad_$q
//: end
const STEP = 8u;
const SIDE = 64u;
var<workgroup> tokens: array<vec4f, STEP * SIDE>; // [quad][token]
var<workgroup> rows: array<vec4f, STEP * SIDE>;   // [quad][row]

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let last = state.count - 1u;
  let first = select(workgroup.y * SIDE, last, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;
  let group = workgroup.x * 8u + local % 8u; // of rows that this thread sums
  let team = local / 8u;                     // of tokens
  let my_row = row_of(workgroup.x * 8u + local / ROWS, local % ROWS);
  let my_x = min(first + local, last) * quads;
  var square = 0.0;
  //: for t in TOKENS
  //: for r in ROWS
  var sum_$r_$t = 0.0;
  //: end
  //: end

  for (var base = 0u; base < quads; base += STEP) {
    let here = min(STEP, quads - base);
    for (var q = 0u; q < here; q++) {
      var quad = vec4f(x[my_x + base + q]);
      if (NORM) {
        square += dot(quad, quad);
        quad *= gain[base + q];
      }
      tokens[q * SIDE + local] = quad;
    }
    for (var b = 0u; b < here; b += BLOCK_QUADS) {
      let block = (base + b) / BLOCK_QUADS;
      let codes = load_block(my_row, block, blocks);
      let scale = block_scale(my_row, block, blocks);
      //: for q in BLOCK_QUADS
      rows[(b + $qu) * SIDE + local] = scale.x * quad_$q(codes) + scale.y;
      //: end
    }
    workgroupBarrier();
    for (var q = 0u; q < here; q++) {
      let t = q * SIDE + team * TOKENS;
      let r = q * SIDE + local % 8u * ROWS;
      //: for t in TOKENS
      let x_$t = tokens[t + $tu];
      //: end
      //: for r in ROWS
      let w_$r = rows[r + $ru];
      //: for t in TOKENS
      sum_$r_$t += dot(w_$r, x_$t);
      //: end
      //: end
    }
    workgroupBarrier();
  }
  tokens[local].x = square; // the tile is done with; 16 KiB are all that every adapter has
  workgroupBarrier();

  //: for t in TOKENS
  if (first + team * TOKENS + $tu <= last) {
    var sums_$t: array<f32, ROWS>;
    //: for r in ROWS
    sums_$t[$r] = sum_$r_$t;
    //: end
    let token = select(first + team * TOKENS + $tu, 0u, params.last_only == 1u);
    finish(token, group, tokens[team * TOKENS + $tu].x, sums_$t);
  }
  //: end
}
