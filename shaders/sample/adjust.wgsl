// Changes that a request makes to the logits, before the draw: repetition, presence and frequency penalties (OpenAI's
// formula, over the ids that were generated), biases, and the ids that a form leaves. One thread an id. The id that was
// drawn last is counted here, by the thread that it belongs to.
//: needs State, WORKGROUP_SIZE
const LEFT_OUT = -1e30; // its probability is 0 at any temperature
struct Params {
  vocabulary: u32,
  first: u32,      // step of the first draw: before it, state.token is no drawn id
  repetition: f32, // 1: off
  presence: f32,   // 0: off
  frequency: f32,  // 0: off
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> logits: array<f32>; // [V]
@group(0) @binding(3) var<storage, read> seen: array<u32>; // one bit an id: in the prompt or generated
@group(0) @binding(4) var<storage, read> bias: array<f32>; // [V]
@group(0) @binding(5) var<storage, read> allowed: array<u32>; // one bit an id
@group(0) @binding(6) var<storage, read_write> counts: array<u32>; // [V] times that an id was generated
@group(0) @binding(7) var<storage, read_write> adjusted: array<f32>; // [V]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) place: vec3u) {
  let id = place.x;
  if (id >= params.vocabulary) { return; }
  var count = counts[id];
  if (state.step > params.first && state.token == id) {
    count++;
    counts[id] = count;
  }
  let bit = 1u << (id & 31u);
  var logit = logits[id];
  if ((seen[id >> 5u] & bit) != 0u) {
    logit = select(logit * params.repetition, logit / params.repetition, logit > 0.0);
  }
  if (count > 0u) { logit -= params.presence + f32(count) * params.frequency; }
  adjusted[id] = select(LEFT_OUT, logit + bias[id], (allowed[id >> 5u] & bit) != 0u);
}
