// LayerNorm: y[i] = (x[t] − mean) / deviation · gain + shift for the token t of row i.
//: needs norm-bindings.wgsl, row_index, lane_index, row_sum, WORKGROUP_SIZE, LANES
@group(0) @binding(5) var<storage, read> shift: array<vec4f>; // [D]
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>; // [rows][D]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row = row_index(workgroup_id.x, local_index);
  if (row >= state.count) { return; }
  let lane = lane_index(local_index);
  let quads = params.columns / 4u;
  let x_base = token_of(row) * quads;
  let width = f32(params.columns);

  var total = vec4f(0.0);
  for (var i = lane; i < quads; i += LANES) {
    total += x[x_base + i];
  }
  let mean = row_sum(dot(total, vec4f(1.0)), lane) / width;
  var squares = vec4f(0.0);
  for (var i = lane; i < quads; i += LANES) {
    let value = x[x_base + i] - mean;
    squares += value * value;
  }
  let scale = 1.0 / sqrt(row_sum(dot(squares, vec4f(1.0)), lane) / width + params.epsilon);
  for (var i = lane; i < quads; i += LANES) {
    y[row * quads + i] = (x[x_base + i] - mean) * scale * gain[i] + shift[i];
  }
}
