// The parameters of low-rank updates y += scale · B · A · x of a group of linear maps that read the same x: q|k|v,
// gate|up, or one map alone. One to three of the maps are adapted. Their A's lie stacked [J, K] with J = maps · R, and
// their B's [M, R] with M = Σ rows.
//: needs State
struct Params {
  columns: u32,   // K, a multiple of 4
  rank: u32,      // R
  maps: u32,
  stride: u32,    // elements of a row of the group's output
  scale: f32,
  keep: f32,      // probability that dropout keeps an input
  epsilon: f32,   // of the RMSNorm before the maps
  first: vec4u,   // of each map: element of an output row where its rows begin
  begin: vec4u,   // of each map: its first row among the stacked B's; M after the last
  modules: vec4u, // of each map: its number in the model, which keys its masks
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;

/// The index r of a row of A or a column of B, or the last where there are fewer.
fn clamp_rank(r: u32) -> u32 { return min(r, params.rank - 1u); }
/// J, the rows of the stacked A's.
fn stacked_ranks() -> u32 { return params.maps * params.rank; }
