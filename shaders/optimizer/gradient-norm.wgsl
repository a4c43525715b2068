// Partial sums of squares of a gradient, PIECE elements each; infinity where an element is not finite.
//: needs row_of, lane_of, finite, total, WORKGROUP, PIECE, LANES, INFINITY
const BLOCK = 64u; // elements of a lane that are summed apart
struct Params {
  count: u32,
  first: u32, // place of this gradient's first partial sum
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<u32>; // bits of f32
@group(0) @binding(2) var<storage, read_write> partials: array<u32>; // bits of f32

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let piece = row_of(workgroup.y * workgroups.x + workgroup.x, local);
  let begin = piece * PIECE;
  if (begin >= params.count) { return; }
  let end = min(begin + PIECE, params.count);
  let lane = lane_of(local);
  var sum = 0.0;
  var bad = 0.0;
  for (var i = begin + lane; i < end; ) {
    let stop = min(i + BLOCK * LANES, end);
    var part = 0.0;
    for (; i < stop; i += LANES) {
      let bits = gradient[i];
      if (finite(bits)) { part += bitcast<f32>(bits) * bitcast<f32>(bits); } else { bad = 1.0; }
    }
    sum += part;
  }
  let squares = total(sum, lane);
  let all_bad = total(bad, lane);
  if (lane == 0u) { partials[params.first + piece] = select(bitcast<u32>(squares), INFINITY, all_bad > 0.0); }
}
