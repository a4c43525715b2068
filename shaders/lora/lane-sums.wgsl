// Sums of what LANES threads hold, through shared memory: SUMS of them, of type Sum, added up in the lanes' order.
//: needs Sum, SUMS, LANES
const LANE_STRIDE = SUMS + 1u; // odd, so that lanes write to different banks
var<workgroup> partial_sums: array<Sum, LANE_STRIDE * LANES>;

fn store_partial_sum(i: u32, lane: u32, value: Sum) { partial_sums[lane * LANE_STRIDE + i] = value; }
fn sum_partials(i: u32) -> Sum {
  var sum = partial_sums[i];
  for (var lane = 1u; lane < LANES; lane++) { sum += partial_sums[lane * LANE_STRIDE + i]; }
  return sum;
}
