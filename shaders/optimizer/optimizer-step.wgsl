// The settings of one update: rates, and 1 − β, which the CPU computes in float64 since 1 − 0.999 is coarse in f32.
struct Optimizer {
  learning_rate: f32,
  ratio: f32,       // B's learning rate over A's
  decay: f32,       // of the weights
  beta1: f32,
  beta2: f32,
  rest1: f32,       // 1 − β1
  rest2: f32,       // 1 − β2
  epsilon: f32,
  correction1: f32, // 1 − β1^t
  correction2: f32, // 1 − β2^t
  max_norm: f32,    // 0: no clipping
}
