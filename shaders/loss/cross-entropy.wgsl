// loss = log Σ e^z − z_target of each row of logits; with GRADIENT the row becomes (softmax(z) − onehot) · weight in place.
// The row is read once for its largest logit and Σ e^(z − largest), in blocks whose own sums keep the rounding small, and
// once more for the gradient. Nothing overflows: no exponent is above 0.
//: needs State, row_index, lane_index, row_max, row_sum, WORKGROUP_SIZE, LANES
const LANE_BLOCK = 32u; // elements of a lane
struct Params { vocabulary: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> picked: array<u32>; // tokens whose rows these are, from state.position
@group(0) @binding(3) var<storage, read> targets: array<i32>; // [T]
@group(0) @binding(4) var<storage, read> weight: array<f32>; // [1]
@group(0) @binding(5) var<storage, read_write> logits: array<f32>; // [rows][V]
@group(0) @binding(6) var<storage, read_write> loss: array<f32>; // from state.position

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let row = row_index(workgroup_id.x, local_index);
  if (row >= state.count) { return; }
  let lane = lane_index(local_index);
  let width = params.vocabulary;
  let base = row * width;

  var high = logits[base + min(lane, width - 1u)];
  var sum = 0.0; // of e^(z − high)
  for (var i = lane; i < width; ) {
    let stop = min(i + LANE_BLOCK * LANES, width);
    let before = high;
    for (var j = i; j < stop; j += LANES) { high = max(high, logits[base + j]); }
    var part = 0.0;
    for (; i < stop; i += LANES) { part += exp(logits[base + i] - high); }
    sum = sum * exp(before - high) + part;
  }
  let largest = row_max(high, lane);
  let all = row_sum(sum * exp(high - largest), lane);

  // the lane that holds the target's logit reads it before it is overwritten
  let slot = state.position + row;
  let wanted = u32(targets[picked[slot]]);
  if (wanted % LANES == lane) { loss[slot] = log(all) + (largest - logits[base + wanted]); }
  //: if GRADIENT
  let scale = weight[0];
  for (var i = lane; i < width; i += LANES) {
    let p = exp(logits[base + i] - largest) / all;
    logits[base + i] = (p - select(0.0, 1.0, i == wanted)) * scale;
  }
  //: end
}
