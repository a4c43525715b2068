// Logarithms of the model's own probabilities, at temperature 1 and before any penalty: the drawn id's, and the
// likeliest ids with theirs, in one workgroup. The next likeliest is found by going over the logits once more; of equal
// ones the lower id comes first.
//: needs State, WORKGROUP_SIZE
const STRIDE = 41u; // of a record: the drawn id's, then up to 20 pairs
struct Params {
  vocabulary: u32,
  top: u32,     // pairs that are wanted
  outputs: u32, // length of the ring of records
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State; // behind the draw
@group(0) @binding(2) var<storage, read> logits: array<f32>; // [V]
@group(0) @binding(3) var<storage, read_write> records: array<u32>; // [outputs][STRIDE]: logarithms by their bits

var<workgroup> partial_value: array<f32, WORKGROUP_SIZE>;
var<workgroup> partial_id: array<u32, WORKGROUP_SIZE>;
var<workgroup> last_value: f32;
var<workgroup> last_id: u32;
var<workgroup> log_of_sum: f32;

/// Finds the likeliest id behind the last one that was found, over all threads.
fn find_next(begin: u32, end: u32, thread: u32, value: f32, id: u32, any: bool) {
  var best_value = -3.4e38;
  var best = 0xffffffffu;
  for (var i = begin; i < end; i++) {
    let logit = logits[i];
    let behind = any || logit < value || (logit == value && i > id);
    if (behind && (best == 0xffffffffu || logit > best_value)) { best_value = logit; best = i; }
  }
  partial_value[thread] = best_value;
  partial_id[thread] = best;
  workgroupBarrier();
  if (thread == 0u) {
    for (var i = 1u; i < WORKGROUP_SIZE; i++) {
      if (partial_id[i] == 0xffffffffu) { continue; }
      if (best == 0xffffffffu || partial_value[i] > best_value) { best_value = partial_value[i]; best = partial_id[i]; }
    }
    last_value = best_value;
    last_id = best;
  }
  workgroupBarrier();
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) thread: u32) {
  let stripe = (params.vocabulary + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
  let begin = min(thread * stripe, params.vocabulary);
  let end = min(begin + stripe, params.vocabulary);
  let base = ((state.step - 1u) % params.outputs) * STRIDE;

  find_next(begin, end, thread, 0.0, 0u, true);
  let largest = workgroupUniformLoad(&last_value);
  var sum = 0.0;
  for (var i = begin; i < end; i++) { sum += exp(logits[i] - largest); }
  partial_value[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    for (var i = 1u; i < WORKGROUP_SIZE; i++) { sum += partial_value[i]; }
    log_of_sum = log(sum);
    records[base] = bitcast<u32>((logits[state.token] - largest) - log_of_sum);
  }
  workgroupBarrier();
  for (var n = 0u; n < params.top; n++) {
    let value = workgroupUniformLoad(&last_value);
    let id = workgroupUniformLoad(&last_id);
    if (thread == 0u) {
      records[base + 1u + 2u * n] = id;
      records[base + 2u + 2u * n] = bitcast<u32>((value - largest) - log_of_sum);
    }
    find_next(begin, end, thread, value, id, false);
  }
}
