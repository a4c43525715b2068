// Draws the next token and advances the state, in one workgroup: of a small vocabulary, or of any on a software
// adapter. Every threshold is found by bisection over the bits of a probability (non-negative floats order as
// integers), so top-k and top-p are exact for any vocabulary without a sort. The order is that of Hugging Face
// transformers: repetition penalty, temperature, top-k, top-p, min-p.
//: needs sampling.wgsl, advance.wgsl, WORKGROUP_SIZE
@group(0) @binding(5) var<storage, read> logits: array<f32>; // [V]
@group(0) @binding(6) var<storage, read_write> probabilities: array<f32>; // [V] scratch, relative to the largest

var<workgroup> partial_sum: array<f32, WORKGROUP_SIZE>;
var<workgroup> partial_count: array<u32, WORKGROUP_SIZE>;
var<workgroup> partial_best: array<u32, WORKGROUP_SIZE>;
var<workgroup> shared_sum: f32;
var<workgroup> shared_count: u32;
var<workgroup> chosen: u32;

fn penalised(id: u32) -> f32 { return penalise(id, logits[id]); }

/// Counts and sums the probabilities at or above a threshold, over all threads.
fn mass_above(threshold: f32, begin: u32, end: u32, thread: u32) {
  var count = 0u;
  var sum = 0.0;
  for (var id = begin; id < end; id++) {
    let p = probabilities[id];
    if (p >= threshold) { count++; sum += p; }
  }
  partial_count[thread] = count;
  partial_sum[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    for (var i = 1u; i < WORKGROUP_SIZE; i++) { count += partial_count[i]; sum += partial_sum[i]; }
    shared_count = count;
    shared_sum = sum;
  }
  workgroupBarrier();
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) thread: u32) {
  let stripe = (params.vocabulary + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
  let begin = min(thread * stripe, params.vocabulary);
  let end = min(begin + stripe, params.vocabulary);

  // the largest logit, and the lowest id that has it
  var best = begin;
  var largest = -3.4e38;
  for (var id = begin; id < end; id++) {
    let logit = penalised(id);
    if (logit > largest) { largest = logit; best = id; }
  }
  partial_sum[thread] = largest;
  partial_best[thread] = best;
  workgroupBarrier();
  if (thread == 0u) {
    for (var i = 1u; i < WORKGROUP_SIZE; i++) {
      if (partial_sum[i] > largest) { largest = partial_sum[i]; best = partial_best[i]; }
    }
    shared_sum = largest;
    chosen = best;
  }
  workgroupBarrier();
  largest = workgroupUniformLoad(&shared_sum);

  if (params.temperature > 0.0) {
    for (var id = begin; id < end; id++) {
      probabilities[id] = exp((penalised(id) - largest) / params.temperature);
    }
    storageBarrier(); // the draw below reads other threads' stripes
    var threshold = 0u; // bits of the lowest probability that is kept
    if (params.top_k > 0u && params.top_k < params.vocabulary) {
      var high = 0x3f800001u; // keeps none
      while (high - threshold > 1u) {
        let middle = (threshold + high) / 2u;
        mass_above(bitcast<f32>(middle), begin, end, thread);
        if (workgroupUniformLoad(&shared_count) >= params.top_k) { threshold = middle; } else { high = middle; }
      }
    }
    if (params.top_p < 1.0) {
      mass_above(bitcast<f32>(threshold), begin, end, thread);
      let target_mass = params.top_p * workgroupUniformLoad(&shared_sum);
      var high = 0x3f800001u;
      while (high - threshold > 1u) {
        let middle = (threshold + high) / 2u;
        mass_above(bitcast<f32>(middle), begin, end, thread);
        if (workgroupUniformLoad(&shared_sum) >= target_mass) { threshold = middle; } else { high = middle; }
      }
    }
    let least = min(max(bitcast<f32>(threshold), params.min_p), 1.0);
    mass_above(least, begin, end, thread);
    if (thread == 0u) {
      var rest = uniform_random(state.step) * shared_sum;
      for (var i = 0u; i < WORKGROUP_SIZE; i++) {
        // the stripe that the draw falls in, or the last one with any mass where rounding leaves a rest
        if (partial_count[i] > 0u) {
          let base = i * stripe;
          let stop = min(base + stripe, params.vocabulary);
          if (rest < partial_sum[i]) {
            for (var id = base; id < stop; id++) {
              let p = probabilities[id];
              if (p >= least) {
                chosen = id;
                if (rest < p) { break; }
                rest -= p;
              }
            }
            break;
          }
          rest -= partial_sum[i];
        }
      }
    }
  }

  if (thread == 0u) { advance(chosen); }
}
