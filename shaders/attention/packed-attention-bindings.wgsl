// The inputs of attention in training, forward and backward: q, k and v of all tokens, and which token sees which.
//: needs State, Place, HEAD_QUADS
struct Params {
  heads: u32,
  kv_heads: u32,
  window: u32, // positions that a query sees, its own included; at least the batch's tokens where all are seen
  quads: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> places: array<Place>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>; // [T][(H + 2K) · d], q and k rotated

/// The quads of one token's q, k and v.
fn token_quads() -> u32 { return (params.heads + 2u * params.kv_heads) * HEAD_QUADS; }
/// The first token that `token` sees, in a sequence that begins at `start`.
fn first_visible(token: u32, start: u32) -> u32 { return max(start, max(token + 1u, params.window) - params.window); }
/// One past the last token that sees `token`, in a sequence that ends before `end`.
fn visible_end(token: u32, end: u32) -> u32 { return token + min(end - token, params.window); }
