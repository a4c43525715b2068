// Sums over the lanes of each team by subgroup operations, over SUBGROUP_LANES lanes: no more than a subgroup has,
// whose lanes are a workgroup's invocations in order. With each exchange a lane keeps half of its rows and gives the
// other half away, until it has a pair. Where a team has several such parts (MERGES), shared memory adds them up.
//: needs TILE_M, LANES, WORKGROUP_SIZE, SUBGROUP_LANES, NORM
const PAIRS = TILE_M / 2u;
//: if MERGES
var<workgroup> partials: array<vec3f, WORKGROUP_SIZE / SUBGROUP_LANES * PAIRS>;
//: end

/// The team's sums of one pair of rows, that of the lane's index modulo the number of pairs, and of the squares.
fn add_up(sums: array<f32, TILE_M>, squares: f32, local_index: u32) -> vec3f {
  var quad = vec4f(sums[0], sums[1], sums[2], sums[3]);
  //: if EIGHT_ROWS
  let last = vec4f(sums[4], sums[5], sums[6], sums[7]);
  let second = (local_index & 2u) != 0u;
  quad = select(quad, last, second) + subgroupShuffleXor(select(last, quad, second), 2u);
  //: end
  let odd = (local_index & 1u) != 0u;
  var pair = select(quad.xy, quad.zw, odd) + subgroupShuffleXor(select(quad.zw, quad.xy, odd), 1u);
  for (var mask = PAIRS; mask < SUBGROUP_LANES; mask *= 2u) { pair += subgroupShuffleXor(pair, mask); }
  var square_sum = squares;
  if (NORM) {
    for (var mask = 1u; mask < SUBGROUP_LANES; mask *= 2u) { square_sum += subgroupShuffleXor(square_sum, mask); }
  }
  //: if MERGES
  let lane = local_index % SUBGROUP_LANES;
  workgroupBarrier();
  if (lane < PAIRS) { partials[local_index / SUBGROUP_LANES * PAIRS + lane] = vec3f(pair, square_sum); }
  workgroupBarrier();
  var total = vec3f(0.0);
  let first = local_index / LANES * (LANES / SUBGROUP_LANES);
  for (var i = 0u; i < LANES / SUBGROUP_LANES; i++) { total += partials[(first + i) * PAIRS + local_index % PAIRS]; }
  return total;
  //: else
  return vec3f(pair, square_sum);
  //: end
}
