// Sums over a workgroup's lanes through shared memory alone.
//: needs ROWS, TOKENS, LANES
const SUMS = ROWS * TOKENS + TOKENS;
var<workgroup> partial_sums: array<f32, SUMS * LANES>;
var<workgroup> sums: array<f32, SUMS>;

fn leave(sum: u32, lane: u32, value: f32) { partial_sums[sum * LANES + lane] = value; }
fn parts() -> u32 { return LANES; }
