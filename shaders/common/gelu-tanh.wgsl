// GELU by its tanh (Hendrycks and Gimpel 2016, arXiv:1606.08415): x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³))),
// which is x · σ of twice that argument. WGSL's tanh is allowed to be coarse.
const TWICE_ROOT = 1.5957691216057308; // 2 · √(2/π)
const CUBIC = 0.044715;
// beyond it σ is 0 or 1 in f32, and no exponential or cube overflows
const MOST = 20.0;
struct Activated { value: vec4f, slope: vec4f }

fn activate(x: f32) -> f32 {
  let c = clamp(x, -MOST, MOST);
  return x / (1.0 + exp(-TWICE_ROOT * c * (1.0 + CUBIC * c * c)));
}

/// The value with its derivative.
fn activate_with_slope(x: vec4f) -> Activated {
  let c = clamp(x, vec4f(-MOST), vec4f(MOST));
  let argument = TWICE_ROOT * c * (1.0 + CUBIC * c * c);
  let exp_minus_abs = exp(-abs(argument));
  let positive = x >= vec4f(0.0);
  let sigma = select(exp_minus_abs, vec4f(1.0), positive) / (1.0 + exp_minus_abs);
  let one_minus_sigma = select(vec4f(1.0), exp_minus_abs, positive) / (1.0 + exp_minus_abs);
  let slope = TWICE_ROOT * (1.0 + 3.0 * CUBIC * c * c);
  return Activated(x * sigma, sigma * (1.0 + c * slope * one_minus_sigma));
}
