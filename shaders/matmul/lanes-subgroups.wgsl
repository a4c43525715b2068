// Sums over the lanes of a workgroup: within subgroups by hardware, across subgroups through shared memory. A
// workgroup's invocations are dealt to subgroups in order. Where a subgroup is wider than the workgroup, its active
// lanes count.
//: needs TILE_M, TILE_N, LANES
const SUMS = TILE_M * TILE_N + TILE_N;
var<workgroup> partial_sums: array<f32, SUMS * LANES>;
var<workgroup> sums: array<f32, SUMS>;

fn store_partial_sum(sum: u32, lane: u32, value: f32) {
  let total = subgroupAdd(value);
  let slot = lane / subgroupAdd(1u);
  if (subgroupElect()) { partial_sums[sum * LANES + slot] = total; }
}
fn partial_count() -> u32 { return LANES / subgroupAdd(1u); }
