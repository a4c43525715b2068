// Sums over the KEY_LANES lanes that share a key, for all of them, through shared memory: a lane adds up some of
// the sums for the others.
//: needs KEY_LANES, SCORES, WORKGROUP_SIZE
var<workgroup> lane_parts: array<f32, SCORES * WORKGROUP_SIZE>;

fn lane_sums(local_index: u32, partial: array<f32, SCORES>) -> array<f32, SCORES> {
  let lane = local_index % KEY_LANES;
  let group = local_index - lane;
  lane_parts[$su * WORKGROUP_SIZE + local_index] = partial[$s]; //: for s in SCORES
  workgroupBarrier();
  for (var s = lane; s < SCORES; s += KEY_LANES) {
    var sum = 0.0;
    for (var i = 0u; i < KEY_LANES; i++) { sum += lane_parts[s * WORKGROUP_SIZE + group + i]; }
    // no other lane reads this row of the group
    lane_parts[s * WORKGROUP_SIZE + group] = sum;
  }
  workgroupBarrier();
  var sums: array<f32, SCORES>;
  sums[$s] = lane_parts[$su * WORKGROUP_SIZE + group]; //: for s in SCORES
  workgroupBarrier();
  return sums;
}
