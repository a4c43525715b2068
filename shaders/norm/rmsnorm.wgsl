// RMSNorm: y[i] (+)= x[t] / rms(x[t]) · gain for the token t of row i.
//: needs norm-bindings.wgsl, row_index, lane_index, row_sum, WORKGROUP_SIZE, LANES
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>; // [rows][D]

override ACCUMULATE: bool = false; // the result is added to what is there

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row = row_index(workgroup_id.x, local_index);
  if (row >= state.count) { return; }
  let lane = lane_index(local_index);
  let quads = params.columns / 4u;
  let x_base = token_of(row) * quads;

  var squares = vec4f(0.0);
  for (var i = lane; i < quads; i += LANES) {
    let value = x[x_base + i];
    squares += value * value;
  }
  let mean = row_sum(dot(squares, vec4f(1.0)), lane) / f32(params.columns);
  let scale = 1.0 / sqrt(mean + params.epsilon);
  for (var i = lane; i < quads; i += LANES) {
    let n = x[x_base + i] * scale * gain[i];
    if (ACCUMULATE) { y[row * quads + i] += n; } else { y[row * quads + i] = n; }
  }
}
