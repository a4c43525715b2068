// Sums over the KEY_LANES lanes that share a key, for all of them, by subgroup operations: a workgroup's invocations
// are dealt to subgroups in order, so such lanes are neighbours in one subgroup.
//: needs KEY_LANES, SCORES
fn lane_sums(local_index: u32, partial: array<f32, SCORES>) -> array<f32, SCORES> {
  var sums = partial;
  if (KEY_LANES > 1u) {
    sums[$s] += subgroupShuffleXor(sums[$s], 1u); //: for s in SCORES
  }
  if (KEY_LANES > 2u) {
    sums[$s] += subgroupShuffleXor(sums[$s], 2u); //: for s in SCORES
  }
  if (KEY_LANES > 4u) {
    sums[$s] += subgroupShuffleXor(sums[$s], 4u); //: for s in SCORES
  }
  if (KEY_LANES > 8u) {
    sums[$s] += subgroupShuffleXor(sums[$s], 8u); //: for s in SCORES
  }
  return sums;
}
