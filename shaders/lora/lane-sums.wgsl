// Sums over several threads through shared memory: `sums` sums of type Sum, added up in the lanes' order.
//: needs Sum, PARTIALS
var<workgroup> partial_sums: array<Sum, PARTIALS>;

// the stride is odd, so that lanes write to different banks
fn store_partial_sum(sums: u32, i: u32, lane: u32, value: Sum) { partial_sums[lane * (sums + 1u) + i] = value; }
fn sum_partials(sums: u32, lanes: u32, i: u32) -> Sum {
  var sum = partial_sums[i];
  for (var lane = 1u; lane < lanes; lane++) { sum += partial_sums[lane * (sums + 1u) + i]; }
  return sum;
}
