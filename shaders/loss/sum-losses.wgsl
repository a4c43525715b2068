// report[0] += weight · Σ loss over the batch's rows.
//: needs State, lane_index, row_sum, WORKGROUP_SIZE, LANES
const LANE_BLOCK = 64u; // elements that a lane sums apart; rounding grows with the longest sum only
@group(0) @binding(0) var<storage, read> state: State;
@group(0) @binding(1) var<storage, read> weight: array<f32>; // [1]
@group(0) @binding(2) var<storage, read> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> report: array<f32>; // [4]: loss, norm, factor, whether all is finite

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) local_index: u32) {
  let lane = lane_index(local_index);
  var sum = 0.0;
  for (var i = lane; i < state.count; ) {
    let block_end = min(i + LANE_BLOCK * LANES, state.count);
    var block_sum = 0.0;
    for (; i < block_end; i += LANES) { block_sum += loss[i]; }
    sum += block_sum;
  }
  let sum_of_losses = row_sum(sum, lane);
  if (lane == 0u) { report[0] += weight[0] * sum_of_losses; }
}
