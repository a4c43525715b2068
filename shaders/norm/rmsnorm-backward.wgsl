// The gradient of RMSNorm's input, for the token t of each row of dy; no token may be picked twice.
//   dx[t] (+)= rs · (w − n · mean(w ⊙ n)) with w = dy ⊙ gain, n = x · rs and rs = 1 / rms(x)
//: needs norm-bindings.wgsl, row_index, lane_index, row_sum, WORKGROUP_SIZE, LANES
@group(0) @binding(5) var<storage, read> dy: array<vec4f>; // [rows][D]
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>; // [T][D]

override ACCUMULATE: bool = false; // the result is added to what is there

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row = row_index(workgroup_id.x, local_index);
  if (row >= state.count) { return; }
  let lane = lane_index(local_index);
  let quads = params.columns / 4u;
  let x_base = token_of(row) * quads;

  var squares = vec4f(0.0);
  var products = vec4f(0.0);
  for (var i = lane; i < quads; i += LANES) {
    let value = x[x_base + i];
    squares += value * value;
    products += value * dy[row * quads + i] * gain[i];
  }
  let width = f32(params.columns);
  let scale = 1.0 / sqrt(row_sum(dot(squares, vec4f(1.0)), lane) / width + params.epsilon);
  let mean = scale * row_sum(dot(products, vec4f(1.0)), lane) / width;
  for (var i = lane; i < quads; i += LANES) {
    let n = x[x_base + i] * scale;
    let d = scale * (dy[row * quads + i] * gain[i] - n * mean);
    if (ACCUMULATE) { dx[x_base + i] += d; } else { dx[x_base + i] = d; }
  }
}
