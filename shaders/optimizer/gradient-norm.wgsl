// Partial sums of squares of a gradient, of PARTIAL_SIZE elements each; infinity where an element is not finite.
//: needs row_index, lane_index, is_finite, row_sum, WORKGROUP_SIZE, PARTIAL_SIZE, LANES, INFINITY
const LANE_BLOCK = 64u; // elements that a lane sums apart
struct Params {
  count: u32,
  first: u32, // index of this gradient's first partial sum
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<u32>; // bits of f32
@group(0) @binding(2) var<storage, read_write> partials: array<u32>; // bits of f32

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let partial = row_index(workgroup_id.y * num_workgroups.x + workgroup_id.x, local_index);
  let begin = partial * PARTIAL_SIZE;
  if (begin >= params.count) { return; }
  let end = min(begin + PARTIAL_SIZE, params.count);
  let lane = lane_index(local_index);
  var sum = 0.0;
  var bad = 0.0;
  for (var i = begin + lane; i < end; ) {
    let block_end = min(i + LANE_BLOCK * LANES, end);
    var block_sum = 0.0;
    for (; i < block_end; i += LANES) {
      let bits = gradient[i];
      if (is_finite(bits)) { block_sum += bitcast<f32>(bits) * bitcast<f32>(bits); } else { bad = 1.0; }
    }
    sum += block_sum;
  }
  let squares = row_sum(sum, lane);
  let any_bad = row_sum(bad, lane);
  if (lane == 0u) { partials[params.first + partial] = select(bitcast<u32>(squares), INFINITY, any_bad > 0.0); }
}
