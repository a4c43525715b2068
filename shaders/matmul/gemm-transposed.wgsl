// y[t, k] = Σ_n x[t, n] · w[n, k] for many tokens: tiles of 64 tokens × 64 columns by 8 × 8 threads, each with a register
// tile of TILE_N tokens × 2 quads of columns, half a tile apart. A step of 32 rows is dequantised once into shared memory,
// from the matrix as it is stored.
//: needs transposed.wgsl, block_scale, load_codes, BLOCK_QUADS, TILE_N
const STEP = 32u;
const SIDE = 64u;
const TILE_QUADS = SIDE / 4u;
var<workgroup> tokens: array<vec4f, STEP * TILE_QUADS>;  // [row][quad of tokens]
var<workgroup> weights: array<vec4f, STEP * TILE_QUADS>; // [row][quad of columns]

/// Where a row's quad lies: shuffled, so that threads that write or read together meet different banks.
fn slot(row: u32, quad: u32) -> u32 { return row * TILE_QUADS + (quad ^ ((2u * row + quad / 8u) % 8u)); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let last = state.count - 1u;
  let first = workgroup_id.y * SIDE;
  let quads = params.columns / 4u;
  let left = local_index % 8u;
  let team = local_index / 8u; // of tokens
  //: for t in TILE_N
  var left_$t = vec4f(0.0);
  var right_$t = vec4f(0.0);
  //: end

  for (var base = 0u; base < params.rows; base += STEP) {
    let end = params.rows - 1u;
    // neighbours bring neighbouring elements of a token
    let row = min(base + local_index % STEP, end) + params.row_start;
    for (var quad = local_index / STEP; quad < TILE_QUADS; quad += SIDE / STEP) {
      let token = first + 4u * quad;
      tokens[slot(local_index % STEP, quad)] = vec4f(
        x[min(token, last) * params.x_stride + row],
        x[min(token + 1u, last) * params.x_stride + row],
        x[min(token + 2u, last) * params.x_stride + row],
        x[min(token + 3u, last) * params.x_stride + row],
      );
    }
    for (var i = local_index; i < STEP * TILE_QUADS; i += SIDE) {
      let n = min(base + i / TILE_QUADS, end);
      let quad = min(workgroup_id.x * TILE_QUADS + i % TILE_QUADS, quads - 1u);
      let scale = block_scale(n, quad / BLOCK_QUADS, quads / BLOCK_QUADS);
      weights[slot(i / TILE_QUADS, i % TILE_QUADS)] = scale.x * load_codes(n, quad, quads) + scale.y;
    }
    workgroupBarrier();
    let here = min(STEP, params.rows - base);
    for (var n = 0u; n < here; n++) {
      let w_left = weights[slot(n, left)];
      let w_right = weights[slot(n, left + 8u)];
      let x_quads = array<vec4f, 2>(tokens[slot(n, 2u * team)], tokens[slot(n, 2u * team + 1u)]);
      //: for t in TILE_N
      let x_$t = x_quads[$tu / 4u][$tu % 4u];
      left_$t += x_$t * w_left;
      right_$t += x_$t * w_right;
      //: end
    }
    workgroupBarrier();
  }

  //: for t in TILE_N
  if (first + team * TILE_N + $tu <= last) {
    let token = first + team * TILE_N + $tu;
    let quad = workgroup_id.x * TILE_QUADS + left;
    if (quad < quads) { store(token, quad, left_$t); }
    if (quad + 8u < quads) { store(token, quad + 8u, right_$t); }
  }
  //: end
}
