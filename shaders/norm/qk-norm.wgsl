// RMSNorm of each head of q and k; v is copied. A row of workgroups is a token, whose lanes share a head.
//: needs qk-norm-bindings.wgsl, row_index, lane_index, row_sum, WORKGROUP_SIZE, LANES
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let token = workgroup_id.y;
  let head = row_index(workgroup_id.x, local_index);
  let all_heads = params.heads + 2u * params.kv_heads;
  if (token >= state.count || head >= all_heads) { return; }
  let lane = lane_index(local_index);
  let base = (token * all_heads + head) * params.quads;

  var squares = vec4f(0.0);
  for (var i = lane; i < params.quads; i += LANES) { squares += qkv[base + i] * qkv[base + i]; }
  let mean = row_sum(dot(squares, vec4f(1.0)), lane) / f32(4u * params.quads);
  let scale = 1.0 / sqrt(mean + params.epsilon);
  let gain_base = select(params.quads, 0u, head < params.heads);
  for (var i = lane; i < params.quads; i += LANES) {
    let value = qkv[base + i];
    out[base + i] = select(value, value * scale * gains[gain_base + i], head < params.heads + params.kv_heads);
  }
}
