// Sums over the lanes of each team along a tree in shared memory, without subgroup operations.
//: needs TILE_M, LANES, WORKGROUP_SIZE
const PAIRS = TILE_M / 2u;
var<workgroup> partial_pairs: array<vec2f, WORKGROUP_SIZE * PAIRS>;
var<workgroup> partial_squares: array<f32, WORKGROUP_SIZE>;

/// The team's sums of one pair of rows, that of the lane's index modulo the number of pairs, and of the squares.
fn add_up(sums: array<f32, TILE_M>, squares: f32, local_index: u32) -> vec3f {
  workgroupBarrier();
  partial_pairs[$pu * WORKGROUP_SIZE + local_index] = vec2f(sums[2u * $pu], sums[2u * $pu + 1u]); //: for p in HALF_M
  partial_squares[local_index] = squares;
  let lane = local_index % LANES;
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      let other = local_index + width;
      //: for p in HALF_M
      partial_pairs[$pu * WORKGROUP_SIZE + local_index] += partial_pairs[$pu * WORKGROUP_SIZE + other];
      //: end
      partial_squares[local_index] += partial_squares[other];
    }
  }
  workgroupBarrier();
  let first = local_index - lane;
  return vec3f(partial_pairs[lane % PAIRS * WORKGROUP_SIZE + first], partial_squares[first]);
}
