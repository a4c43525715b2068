// Heads of q and k through an RMSNorm first: lanes share a head, and each of them writes what it alone has read.
//: needs rope.wgsl, row_index, lane_index, row_sum, WORKGROUP_SIZE, LANES
@group(0) @binding(6) var<storage, read> gains: array<vec2f>; // [2][head_dim / 2]: of q, of k

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let token = workgroup_id.y;
  let head = row_index(workgroup_id.x, local_index);
  if (token >= state.count || head >= all_heads()) { return; }
  let lane = lane_index(local_index);
  let half = params.head_dim / 2u;

  var squares = 0.0;
  for (var i = lane; i < half; i += LANES) {
    let pair = pair_at(token, head, i);
    squares += dot(pair, pair);
  }
  let mean = row_sum(squares, lane) / f32(params.head_dim);
  let scale = 1.0 / sqrt(mean + params.epsilon);
  let gain_base = select(half, 0u, head < params.heads);
  for (var i = lane; i < half; i += LANES) {
    let pair = pair_at(token, head, i);
    // v stays as it is
    place(token, head, i, select(pair, pair * scale * gains[gain_base + i], head < params.heads + params.kv_heads));
  }
}
