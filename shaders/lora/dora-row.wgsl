// Which row of the stacked B's an element of the group's output row belongs to.
//: needs lora-bindings.wgsl
const NO_ROW = 0xffffffffu;

/// NO_ROW for a map that is not adapted.
fn stacked_row(i: u32) -> u32 {
  for (var map = 0u; map < params.maps; map++) {
    let within = i - params.first[map];
    let begin = params.begin[map];
    if (i >= params.first[map] && within < params.begin[map + 1u] - begin) { return begin + within; }
  }
  return NO_ROW;
}
