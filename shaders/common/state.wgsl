// The state of the batch. The sampler advances it on the GPU, so the next token needs nothing from the CPU.
struct State {
  position: u32, // of the batch's first token
  count: u32,    // tokens in the batch
  step: u32,     // tokens sampled since the generation began; the counter of the random generator
  token: u32,    // last sampled id
}
