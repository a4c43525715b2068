// Sums that LANES threads have parts of, through shared memory: SUMS of them, of type Sum, each added up in the lanes' order.
//: needs Sum, SUMS, LANES
const ROW = SUMS + 1u; // one more than a power of two, so that lanes meet different banks
var<workgroup> left: array<Sum, ROW * LANES>;

fn leave(lane: u32, i: u32, value: Sum) { left[lane * ROW + i] = value; }
fn total(i: u32) -> Sum {
  var sum = left[i];
  for (var lane = 1u; lane < LANES; lane++) { sum += left[lane * ROW + i]; }
  return sum;
}
