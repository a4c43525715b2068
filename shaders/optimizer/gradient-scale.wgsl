// The norm of the gradient, from its partial sums of squares; the factor that makes it no longer than max_norm; and
// whether it is finite. Where it is not, the factor is 0 and the update does nothing.
//: needs Optimizer, lane_index, is_finite, row_sum, WORKGROUP_SIZE, LANES, INFINITY
const LANE_BLOCK = 64u; // elements that a lane sums apart
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<u32>; // bits of f32
@group(0) @binding(2) var<storage, read> optimizer: Optimizer;
@group(0) @binding(3) var<storage, read_write> report: array<u32>; // [4], bits of f32: loss, norm, factor, 1 if finite

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) local_index: u32) {
  let lane = lane_index(local_index);
  var sum = 0.0;
  var bad = 0.0;
  for (var i = lane; i < params.count; ) {
    let block_end = min(i + LANE_BLOCK * LANES, params.count);
    var block_sum = 0.0;
    for (; i < block_end; i += LANES) {
      if (is_finite(partials[i])) { block_sum += bitcast<f32>(partials[i]); } else { bad = 1.0; }
    }
    sum += block_sum;
  }
  let squares = row_sum(sum, lane);
  let any_bad = row_sum(bad, lane);
  if (lane != 0u) { return; }
  // the sum of finite squares may overflow too
  if (any_bad > 0.0 || !is_finite(bitcast<u32>(squares))) {
    report[1] = INFINITY;
    report[2] = 0u;
    report[3] = 0u;
    return;
  }
  let norm = sqrt(squares);
  let factor = select(1.0, min(1.0, optimizer.max_norm / (norm + 1e-6)), optimizer.max_norm > 0.0);
  report[1] = bitcast<u32>(norm);
  report[2] = bitcast<u32>(factor);
  report[3] = bitcast<u32>(1.0);
}
