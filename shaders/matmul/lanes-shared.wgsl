// Sums over the lanes of a workgroup, through shared memory alone.
//: needs TILE_M, TILE_N, LANES
const SUMS = TILE_M * TILE_N + TILE_N;
var<workgroup> partial_sums: array<f32, SUMS * LANES>;
var<workgroup> sums: array<f32, SUMS>;

fn store_partial_sum(sum: u32, lane: u32, value: f32) { partial_sums[sum * LANES + lane] = value; }
fn partial_count() -> u32 { return LANES; }
