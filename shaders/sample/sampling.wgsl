// Parameters of a request's sampling, and the repetition penalty. `seen` has one bit an id: in the prompt or generated.
struct Params {
  vocabulary: u32,
  temperature: f32, // 0: greedy
  top_k: u32,       // 0: off
  top_p: f32,       // 1: off
  min_p: f32,       // 0: off
  min_logit: f32,   // temperature · ln min_p: where min_p is, below the largest logit
  penalty: f32,     // 1: off
  outputs: u32,     // length of the ring of sampled ids
  seed: vec2u,
  // bounds of loops that compilers must not unroll
  chunk: u32,       // ids of a chunk, where the vocabulary is in chunks
  threads: u32,     // 256
  key_bits: u32,    // 32
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> seen: array<u32>;

fn penalise(id: u32, logit: f32) -> f32 {
  if (params.penalty == 1.0 || ((seen[id >> 5u] >> (id & 31u)) & 1u) == 0u) { return logit; }
  return select(logit * params.penalty, logit / params.penalty, logit > 0.0);
}
