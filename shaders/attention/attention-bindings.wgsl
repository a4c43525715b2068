// The bindings of all kernels of attention over the KV cache. With WHOLE a workgroup sees all keys of its queries and
// writes attention's output; else it sees one of `splits` parts of the keys, whose sums attention-merge.wgsl adds up.
//: needs State, Activation
struct Params {
  heads: u32,
  kv_heads: u32,
  context: u32,
  quads: u32,
  window: u32, // positions that a query sees, its own included; the context where all are seen
  splits: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<Activation>>; // [T][(H + 2K) · d]
//: if WHOLE
@group(0) @binding(5) var<storage, read_write> out: array<vec4<Activation>>; // [T][H · d]
//: else
@group(0) @binding(5) var<storage, read_write> sums: array<vec4f>; // [T][H][splits][d] of weighted values
@group(0) @binding(6) var<storage, read_write> totals: array<vec2f>; // [T][H][splits]: largest score, weights
//: end

/// The first position that a query sees which stands right before `end_position`.
fn first_visible(end_position: u32) -> u32 { return max(end_position, params.window) - params.window; }
