// Multiplies and adds as fast as the device can: 8 independent chains of quads a thread, 64 FLOP an iteration.
struct Params { iterations: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let m = vec4f(0.5 + f32(global_id.x & 1u) * 0.25);
  let c = vec4f(f32(global_id.x & 7u));
  var a$i = vec4f(f32(global_id.x + $iu)); //: for i in 8
  for (var n = 0u; n < params.iterations; n++) {
    a$i = fma(a$i, m, c); //: for i in 8
  }
  var total = vec4f(0.0);
  total += a$i; //: for i in 8
  sums[global_id.x] = dot(total, vec4f(1.0));
}
