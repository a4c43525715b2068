// Reads memory as fast as the device can: neighbouring threads read neighbouring quads, and each reads every
// `threads`-th.
struct Params { quads: u32, threads: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  var a = vec4u(0u);
  var b = vec4u(0u);
  for (var i = global_id.x; i + params.threads < params.quads; i += 2u * params.threads) {
    a ^= values[i];
    b ^= values[i + params.threads];
  }
  let both = a ^ b;
  sums[global_id.x] = both.x ^ both.y ^ both.z ^ both.w;
}
