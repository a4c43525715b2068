// Sums along a row by a workgroup: its lanes reduce along a fixed tree, so a row has the same bits whatever else is
// computed. For hardware.
//: needs LANES
var<workgroup> tree: array<f32, LANES>;

fn row_index(workgroup: u32, local_index: u32) -> u32 { return workgroup; }
fn lane_index(local_index: u32) -> u32 { return local_index; }

/// The sum over the lanes, for each of them.
fn row_sum(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] += tree[lane + half]; }
  }
  return workgroupUniformLoad(&tree[0]);
}

/// The largest value of the lanes, for each of them.
fn row_max(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] = max(tree[lane], tree[lane + half]); }
  }
  return workgroupUniformLoad(&tree[0]);
}
