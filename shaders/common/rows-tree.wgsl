// A row is a workgroup's: its lanes reduce along a fixed tree, so that a row has one result whatever else is computed.
//: needs LANES
var<workgroup> tree: array<f32, LANES>;

fn row_of(workgroup: u32, local: u32) -> u32 { return workgroup; }
fn lane_of(local: u32) -> u32 { return local; }

/// Σ over the lanes, the same in each.
fn total(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] += tree[lane + half]; }
  }
  return workgroupUniformLoad(&tree[0]);
}

/// The largest over the lanes, the same in each.
fn largest_of(value: f32, lane: u32) -> f32 {
  tree[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] = max(tree[lane], tree[lane + half]); }
  }
  return workgroupUniformLoad(&tree[0]);
}
