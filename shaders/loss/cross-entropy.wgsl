// loss = log Σ e^z − z_target for each row of logits. With GRADIENT, the row becomes (softmax(z) − onehot) · weight in
// place. The row is read once for its largest logit and Σ e^(z − max), in blocks with their own sums, which keeps the
// rounding small, and once more for the gradient. No exponent is above 0, so nothing overflows.
//: needs State, row_index, lane_index, row_max, row_sum, WORKGROUP_SIZE, LANES
const LANE_BLOCK = 32u; // elements that a lane sums apart
struct Params { vocabulary: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> picked: array<u32>; // token of each row, from state.position on
@group(0) @binding(3) var<storage, read> targets: array<i32>; // [T]
@group(0) @binding(4) var<storage, read> weight: array<f32>; // [1]
@group(0) @binding(5) var<storage, read_write> logits: array<f32>; // [rows][V]
@group(0) @binding(6) var<storage, read_write> loss: array<f32>; // [rows], from state.position on

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row = row_index(workgroup_id.x, local_index);
  if (row >= state.count) { return; }
  let lane = lane_index(local_index);
  let width = params.vocabulary;
  let base = row * width;

  var lane_max = logits[base + min(lane, width - 1u)];
  var sum = 0.0; // of e^(z − lane_max)
  for (var i = lane; i < width; ) {
    let block_end = min(i + LANE_BLOCK * LANES, width);
    let old_max = lane_max;
    for (var j = i; j < block_end; j += LANES) { lane_max = max(lane_max, logits[base + j]); }
    var block_sum = 0.0;
    for (; i < block_end; i += LANES) { block_sum += exp(logits[base + i] - lane_max); }
    sum = sum * exp(old_max - lane_max) + block_sum;
  }
  let max_logit = row_max(lane_max, lane);
  let sum_of_exp = row_sum(sum * exp(lane_max - max_logit), lane);

  // the lane that holds the target's logit reads it before it is overwritten
  let slot = state.position + row;
  let target_id = u32(targets[picked[slot]]);
  if (target_id % LANES == lane) { loss[slot] = log(sum_of_exp) + (max_logit - logits[base + target_id]); }
  //: if GRADIENT
  let scale = weight[0];
  for (var i = lane; i < width; i += LANES) {
    let p = exp(logits[base + i] - max_logit) / sum_of_exp;
    logits[base + i] = (p - select(0.0, 1.0, i == target_id)) * scale;
  }
  //: end
}
