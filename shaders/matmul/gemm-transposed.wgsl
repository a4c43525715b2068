// y[t, k] = Σ_n x[t, n] · w[n, k] for many tokens, for hardware: blocks of 64 tokens × 64 columns by 8 × 8 threads.
// Each thread has a register tile of TILE_N tokens × 2 quads of columns, half a block apart. A step of 32 rows is
// dequantized once into shared memory, from the matrix as it is stored.
//: needs transposed.wgsl, block_scale, load_codes, BLOCK_QUADS, TILE_N
const STEP_ROWS = 32u;
const BLOCK_TILE = 64u;
const TILE_QUADS = BLOCK_TILE / 4u;
var<workgroup> tokens: array<vec4f, STEP_ROWS * TILE_QUADS>;  // [row][quad of tokens]
var<workgroup> weights: array<vec4f, STEP_ROWS * TILE_QUADS>; // [row][quad of columns]

/// The index of a row's quad: permuted, so that threads that write or read together use different banks.
fn slot(row: u32, quad: u32) -> u32 { return row * TILE_QUADS + (quad ^ ((2u * row + quad / 8u) % 8u)); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let last_token = state.count - 1u;
  let first_token = workgroup_id.y * BLOCK_TILE;
  let quads = params.columns / 4u;
  let left = local_index % 8u;
  let token_group = local_index / 8u;
  //: for t in TILE_N
  var left_$t = vec4f(0.0);
  var right_$t = vec4f(0.0);
  //: end

  for (var row_base = 0u; row_base < params.rows; row_base += STEP_ROWS) {
    let last_row = params.rows - 1u;
    // neighbouring threads load neighbouring elements of a token
    let row = min(row_base + local_index % STEP_ROWS, last_row) + params.row_start;
    for (var quad = local_index / STEP_ROWS; quad < TILE_QUADS; quad += BLOCK_TILE / STEP_ROWS) {
      let token = first_token + 4u * quad;
      tokens[slot(local_index % STEP_ROWS, quad)] = vec4f(
        x[min(token, last_token) * params.x_stride + row],
        x[min(token + 1u, last_token) * params.x_stride + row],
        x[min(token + 2u, last_token) * params.x_stride + row],
        x[min(token + 3u, last_token) * params.x_stride + row],
      );
    }
    for (var i = local_index; i < STEP_ROWS * TILE_QUADS; i += BLOCK_TILE) {
      let n = min(row_base + i / TILE_QUADS, last_row);
      let quad = min(workgroup_id.x * TILE_QUADS + i % TILE_QUADS, quads - 1u);
      let scale = block_scale(n, quad / BLOCK_QUADS, quads / BLOCK_QUADS);
      weights[slot(i / TILE_QUADS, i % TILE_QUADS)] = scale.x * load_codes(n, quad, quads) + scale.y;
    }
    workgroupBarrier();
    let step_rows = min(STEP_ROWS, params.rows - row_base);
    for (var n = 0u; n < step_rows; n++) {
      let w_left = weights[slot(n, left)];
      let w_right = weights[slot(n, left + 8u)];
      let x_quads = array<vec4f, 2>(tokens[slot(n, 2u * token_group)], tokens[slot(n, 2u * token_group + 1u)]);
      //: for t in TILE_N
      let x_$t = x_quads[$tu / 4u][$tu % 4u];
      left_$t += x_$t * w_left;
      right_$t += x_$t * w_right;
      //: end
    }
    workgroupBarrier();
  }

  //: for t in TILE_N
  if (first_token + token_group * TILE_N + $tu <= last_token) {
    let token = first_token + token_group * TILE_N + $tu;
    let quad = workgroup_id.x * TILE_QUADS + left;
    if (quad < quads) { store(token, quad, left_$t); }
    if (quad + 8u < quads) { store(token, quad + 8u, right_$t); }
  }
  //: end
}
