// Bindings and results of the products with a weight matrix. TILE_M rows are computed together.
// NORM folds RMSNorm in without a pass before: Σx² is accumulated beside Σ w·x·gain, and 1/rms multiplies the result.
// GLU takes the matrix as gate rows, then up rows: y = f(gate) · up, and a row group has TILE_M / 2 rows of each.
// HAS_BIAS adds a vector of all the matrix's rows, after the norm. HAS_ROW_SCALES multiplies by a second such vector,
// which lies behind the first, before the first is added. HAS_HEADS: rows are heads of q, k and v in pairs; q goes to
// y, k and v go to the KV cache, q and k rotated on the way if ROTATES.
//: needs State, Input, Output, TILE_M, activate
//: if HAS_HEADS
//: needs Cache
//: end
struct Params {
  rows: u32,       // of this part of the matrix
  columns: u32,    // K, a multiple of 4, and of the block for block kinds
  row_start: u32,  // of this part in the output
  out_stride: u32, // elements of an output row
  half: u32,       // rows of the gate, after which those of up begin (GLU)
  last_only: u32,  // 1: only the batch's last token, written as row 0
  epsilon: f32,
  heads: u32,      // of q
  kv_heads: u32,   // of k, and of v
  head_dim: u32,   // even
  context: u32,    // positions that the cache has room for
  values_start: u32, // elements of the cache before those of v
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
//: if PACKED_INPUT
@group(0) @binding(2) var<storage, read> x: array<vec4u>; // eight f16 each
//: else
@group(0) @binding(2) var<storage, read> x: array<vec4<Input>>;
//: end
@group(0) @binding(3) var<storage, read> gain: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<Output>;
//: if HAS_BIAS
@group(0) @binding(7) var<storage, read> bias: array<f32>;
//: end

//: if HAS_HEADS
@group(0) @binding(8) var<storage, read_write> keys_values: array<Cache>; // [K][context][d] twice
//: if ROTATES
@group(0) @binding(9) var<storage, read> table: array<vec2f>; // [context][d / 2] of (cos, sin)
//: end
//: end

override NORM: bool = false;
override RESIDUAL: bool = false;
override GLU: bool = false;

/// The matrix's row for row r of a row group; rows of gate and up alternate.
fn matrix_row(row_group: u32, r: u32) -> u32 {
  const HALF = TILE_M / 2u;
  let paired = row_group * HALF + r / 2u + params.half * (r % 2u);
  return min(select(row_group * TILE_M + r, paired, GLU), params.rows - 1u);
}

fn store(token: u32, row: u32, value: f32) {
  let i = token * params.out_stride + params.row_start + row;
  if (RESIDUAL) { y[i] = Output(f32(y[i]) + value); } else { y[i] = Output(value); }
}

fn add_bias(row: u32, value: f32) -> f32 {
  //: if HAS_ROW_SCALES
  return value * bias[params.out_stride + params.row_start + row] + bias[params.row_start + row];
  //: else
  //: if HAS_BIAS
  return value + bias[params.row_start + row];
  //: else
  return value;
  //: end
  //: end
}

/// The factor 1/rms of a token whose Σx² is `squares`; 1 without NORM.
fn norm_scale(squares: f32) -> f32 {
  return select(1.0, 1.0 / sqrt(squares / f32(params.columns) + params.epsilon), NORM);
}

//: if HAS_HEADS
/// Writes rows `row` and `row` + 1 of a head, a pair that RoPE rotates together, to q or to the KV cache.
fn place_pair(token: u32, row: u32, values: vec2f) {
  let at = params.row_start + row;
  let head = at / params.head_dim;
  let place = at % params.head_dim;
  let position = state.position + token;
  var pair = values;
  //: if ROTATES
  if (head < params.heads + params.kv_heads) {
    let angle = table[(position * params.head_dim + place) / 2u];
    pair = vec2f(values.x * angle.x - values.y * angle.y, values.x * angle.y + values.y * angle.x);
  }
  //: end
  if (head < params.heads) {
    store(token, row, pair.x);
    store(token, row + 1u, pair.y);
    return;
  }
  let kv_head = (head - params.heads) % params.kv_heads;
  let start = select(0u, params.values_start, head >= params.heads + params.kv_heads);
  let slot = start + (kv_head * params.context + position) * params.head_dim + place;
  keys_values[slot] = Cache(pair.x);
  keys_values[slot + 1u] = Cache(pair.y);
}
//: end

/// Writes a pair of a row group's rows for a token: rows 2 · pair and 2 · pair + 1 as `matrix_row` counts them.
fn write_pair(token: u32, row_group: u32, pair: u32, values: vec2f) {
  const HALF = TILE_M / 2u;
  if (GLU) {
    let row = row_group * HALF + pair;
    if (row >= params.half) { return; }
    store(token, row, activate(add_bias(row, values.x)) * add_bias(row + params.half, values.y));
    return;
  }
  let row = row_group * TILE_M + 2u * pair;
  //: if HAS_HEADS
  if (row < params.rows) {
    place_pair(token, row, vec2f(add_bias(row, values.x), add_bias(row + 1u, values.y)));
  }
  //: else
  if (row < params.rows) { store(token, row, add_bias(row, values.x)); }
  if (row + 1u < params.rows) { store(token, row + 1u, add_bias(row + 1u, values.y)); }
  //: end
}

/// Writes the results of a row group for a token, whose Σx² is `squares`.
fn write_outputs(token: u32, row_group: u32, squares: f32, sums: array<f32, TILE_M>) {
  let scale = norm_scale(squares);
  write_pair(token, row_group, $pu, scale * vec2f(sums[2u * $pu], sums[2u * $pu + 1u])); //: for p in HALF_M
}
