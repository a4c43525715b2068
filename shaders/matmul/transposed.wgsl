// Bindings and results of the product with a transposed matrix, for both of its kernels.
//: needs State
struct Params {
  rows: u32,      // of this part of the matrix
  columns: u32,   // K, a multiple of 4, and of the block for block kinds
  row_start: u32, // element of a row of x that meets the part's first row
  x_stride: u32,  // elements of a row of x
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>; // [T, K]

override ACCUMULATE: bool = false;

fn store(token: u32, quad: u32, value: vec4f) {
  let i = token * (params.columns / 4u) + quad;
  if (ACCUMULATE) { y[i] += value; } else { y[i] = value; }
}
