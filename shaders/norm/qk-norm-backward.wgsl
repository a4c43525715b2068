// The gradient of q and k before their norm, in place of that after it:
//   dx = rs · (w − n · mean(w ⊙ n)) with w = dy ⊙ gain, n = x · rs and rs = 1 / rms(x)
//: needs qk-norm-bindings.wgsl, row_index, lane_index, row_sum, WORKGROUP_SIZE, LANES
@group(0) @binding(4) var<storage, read_write> d_qkv: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let token = workgroup_id.y;
  let head = row_index(workgroup_id.x, local_index);
  // v has no norm
  if (token >= state.count || head >= params.heads + params.kv_heads) { return; }
  let lane = lane_index(local_index);
  let base = (token * (params.heads + 2u * params.kv_heads) + head) * params.quads;
  let gain_base = select(params.quads, 0u, head < params.heads);

  var squares = vec4f(0.0);
  var products = vec4f(0.0);
  for (var i = lane; i < params.quads; i += LANES) {
    let value = qkv[base + i];
    squares += value * value;
    products += value * d_qkv[base + i] * gains[gain_base + i];
  }
  let width = f32(4u * params.quads);
  let scale = 1.0 / sqrt(row_sum(dot(squares, vec4f(1.0)), lane) / width + params.epsilon);
  let mean = scale * row_sum(dot(products, vec4f(1.0)), lane) / width;
  for (var i = lane; i < params.quads; i += LANES) {
    let n = qkv[base + i] * scale;
    d_qkv[base + i] = scale * (d_qkv[base + i] * gains[gain_base + i] - n * mean);
  }
}
