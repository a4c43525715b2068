// A row is a workgroup's: its lanes reduce along a fixed tree, so that a row has one result whatever else is computed.
//: needs LANES
var<workgroup> tree: array<f32, LANES>;

fn row_index(workgroup: u32, local_index: u32) -> u32 { return workgroup; }
fn lane_index(local_index: u32) -> u32 { return local_index; }

/// Σ over the lanes, the same in each.
fn row_sum(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] += tree[lane + half]; }
  }
  return workgroupUniformLoad(&tree[0]);
}

/// The largest over the lanes, the same in each.
fn row_max(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] = max(tree[lane], tree[lane + half]); }
  }
  return workgroupUniformLoad(&tree[0]);
}
