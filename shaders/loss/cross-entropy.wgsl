// loss = log Σ e^z − z_target for each row of logits. With GRADIENT, the row becomes (softmax(z) − onehot) · weight in
// place. The row is read once for its largest logit and Σ e^(z − max), of which a lane takes BLOCK elements at a time,
// and once more for the gradient. No exponent is above 0, so nothing overflows. An element is a quad of logits where
// rows have whole ones, else a logit.
//: needs State, row_index, lane_index, row_max, row_sum, WORKGROUP_SIZE, LANES, BLOCK, Logits, WIDTH
//: needs largest_of, sum_of, component
//: if GRADIENT
//: needs set_component
//: end
struct Params { vocabulary: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> picked: array<u32>; // token of each row, from state.position on
@group(0) @binding(3) var<storage, read> targets: array<i32>; // [T]
@group(0) @binding(4) var<storage, read> weight: array<f32>; // [1]
@group(0) @binding(5) var<storage, read_write> logits: array<Logits>; // [rows][V]
@group(0) @binding(6) var<storage, read_write> loss: array<f32>; // [rows], from state.position on

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row = row_index(workgroup_id.x, local_index);
  if (row >= state.count) { return; }
  let lane = lane_index(local_index);
  let width = params.vocabulary / WIDTH;
  let base = row * width;
  let whole = width - width % (BLOCK * LANES);

  var lane_max = -3.4e38;
  var sums = Logits(0.0); // of e^(z − lane_max)
  for (var i = base + lane; i < base + whole; i += BLOCK * LANES) {
    let z_$b = logits[i + $bu * LANES]; //: for b in BLOCK
    let old_max = lane_max;
    lane_max = max(lane_max, largest_of(z_$b)); //: for b in BLOCK
    sums *= exp(old_max - lane_max);
    sums += exp(z_$b - lane_max); //: for b in BLOCK
  }
  for (var i = base + whole + lane; i < base + width; i += LANES) {
    let z = logits[i];
    let old_max = lane_max;
    lane_max = max(lane_max, largest_of(z));
    sums = sums * exp(old_max - lane_max) + exp(z - lane_max);
  }
  let max_logit = row_max(lane_max, lane);
  let sum_of_exp = row_sum(sum_of(sums) * exp(lane_max - max_logit), lane);

  // this lane reads the target's logit before it overwrites it
  let slot = state.position + row;
  let target_id = u32(targets[picked[slot]]);
  let target_element = target_id / WIDTH;
  let has_target = target_element % LANES == lane;
  var target_logit = 0.0;
  if (has_target) {
    target_logit = component(logits[base + target_element], target_id % WIDTH);
    loss[slot] = log(sum_of_exp) + (max_logit - target_logit);
  }
  //: if GRADIENT
  let scale = weight[0] / sum_of_exp;
  for (var i = base + lane; i < base + width; i += LANES) { logits[i] = exp(logits[i] - max_logit) * scale; }
  if (has_target) {
    let p = exp(target_logit - max_logit) / sum_of_exp;
    set_component(base + target_element, target_id % WIDTH, (p - 1.0) * weight[0]);
  }
  //: end
}
