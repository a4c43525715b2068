// Sums that LANES threads have parts of, through shared memory: SUMS of them, of type Sum, each added up in the lanes' order.
//: needs Sum, SUMS, LANES
const ROW = SUMS + 1u; // one more than a power of two, so that lanes meet different banks
var<workgroup> partial_sums: array<Sum, ROW * LANES>;

fn store_partial_sum(i: u32, lane: u32, value: Sum) { partial_sums[lane * ROW + i] = value; }
fn sum_partials(i: u32) -> Sum {
  var sum = partial_sums[i];
  for (var lane = 1u; lane < LANES; lane++) { sum += partial_sums[lane * ROW + i]; }
  return sum;
}
