// Heads as they are: one thread takes a pair of q, k or v.
//: needs rope.wgsl
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let half = params.head_dim / 2u;
  let pairs = all_heads() * half;
  let token = global_id.x / pairs;
  if (token >= state.count) { return; }
  let pair = global_id.x % pairs;
  place(token, pair / half, pair % half, pair_at(token, pair / half, pair % half));
}
