// Bindings and results of the products with a weight matrix. TILE_M rows are computed together.
// NORM folds RMSNorm in without a pass before: Σx² is accumulated beside Σ w·x·gain, and 1/rms multiplies the result.
// GLU takes the matrix as gate rows, then up rows: y = f(gate) · up, and a row group has TILE_M / 2 rows of each.
// HAS_BIAS adds a vector of all the matrix's rows, after the norm. HAS_ROW_SCALES multiplies by a second such vector,
// which lies behind the first, before the first is added.
//: needs State, Input, Output, TILE_M, activate
struct Params {
  rows: u32,       // of this part of the matrix
  columns: u32,    // K, a multiple of 4, and of the block for block kinds
  row_start: u32,  // of this part in the output
  out_stride: u32, // elements of an output row
  half: u32,       // rows of the gate, after which those of up begin (GLU)
  last_only: u32,  // 1: only the batch's last token, written as row 0
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<vec4<Input>>;
@group(0) @binding(3) var<storage, read> gain: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<Output>;
//: if HAS_BIAS
@group(0) @binding(7) var<storage, read> bias: array<f32>;
//: end

override NORM: bool = false;
override RESIDUAL: bool = false;
override GLU: bool = false;

fn matrix_row(row_group: u32, r: u32) -> u32 {
  const HALF = TILE_M / 2u;
  let paired = row_group * HALF + r % HALF + params.half * (r / HALF);
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

/// Writes the results of a row group for a token, whose Σx² is `squares`.
fn write_outputs(token: u32, row_group: u32, squares: f32, sums: array<f32, TILE_M>) {
  const HALF = TILE_M / 2u;
  var out = sums;
  let scale = select(1.0, 1.0 / sqrt(squares / f32(params.columns) + params.epsilon), NORM);
  if (GLU) {
    for (var r = 0u; r < HALF; r++) {
      let row = row_group * HALF + r;
      if (row < params.half) {
        let gate = add_bias(row, scale * out[r]);
        store(token, row, activate(gate) * add_bias(row + params.half, scale * out[r + HALF]));
      }
    }
  } else {
    for (var r = 0u; r < TILE_M; r++) {
      let row = row_group * TILE_M + r;
      if (row < params.rows) { store(token, row, add_bias(row, scale * out[r])); }
    }
  }
}
