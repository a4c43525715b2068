// Low-rank updates y += scale · B · A · x of a group of linear maps that read the same x: q|k|v, gate|up, or one alone. Of those
// that are adapted, one to three, the A's lie stacked [J, K] with J = maps · R, and the B's [M, R] with M = Σ rows.
//: needs State
struct Params {
  columns: u32,   // K, a multiple of 4
  rank: u32,      // R
  maps: u32,
  stride: u32,    // elements of a row of the group's output
  scale: f32,
  keep: f32,      // share of the inputs that dropout keeps
  first: vec4u,   // by map: element of a row of the group's output where its rows begin
  begin: vec4u,   // by map: its first row among the stacked B's; M after the last
  modules: vec4u, // by map: its number in the model, by which masks differ
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;

/// Row r of a map's A or column r of its B, or the last where there are fewer.
fn clamp_rank(r: u32) -> u32 { return min(r, params.rank - 1u); }
/// J
fn stacked_ranks() -> u32 { return params.maps * params.rank; }
