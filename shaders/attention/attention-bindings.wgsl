// The bindings of attention over the KV cache, for both of its kernels.
//: needs State, Activation
struct Params {
  heads: u32,
  kv_heads: u32,
  context: u32,
  quads: u32,
  window: u32, // positions that a query sees, its own included; the context where all are seen
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<Activation>>; // [T][(H + 2K) · d]
@group(0) @binding(5) var<storage, read_write> out: array<vec4<Activation>>; // [T][H · d]

/// The first position that a query sees which stands right before `end_position`.
fn first_visible(end_position: u32) -> u32 { return max(end_position, params.window) - params.window; }
