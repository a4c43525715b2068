// Sums over a workgroup's lanes through shared memory alone.
const SUMS = ROWS * TOKENS + TOKENS;
var<workgroup> partial_sums: array<f32, SUMS * LANES>;
var<workgroup> sums: array<f32, SUMS>;

fn lanes_sum(value: f32) -> f32 { return value; }
fn slot(lane: u32) -> u32 { return lane; }
fn slots() -> u32 { return LANES; }
