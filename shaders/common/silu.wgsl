// SiLU (Elfwing et al. 2017): x · σ(x).
struct Activated { value: vec4f, slope: vec4f }

fn activate(x: f32) -> f32 { return x / (1.0 + exp(-x)); }

/// The value with its derivative. σ(x) and 1 − σ(x) come from e^−|x|, which cannot overflow.
fn activate_with_slope(x: vec4f) -> Activated {
  let exp_minus_abs = exp(-abs(x));
  let positive = x >= vec4f(0.0);
  let sigma = select(exp_minus_abs, vec4f(1.0), positive) / (1.0 + exp_minus_abs);
  let one_minus_sigma = select(vec4f(1.0), exp_minus_abs, positive) / (1.0 + exp_minus_abs);
  return Activated(x * sigma, sigma * (1.0 + x * one_minus_sigma));
}
