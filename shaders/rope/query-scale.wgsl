// Growth of queries: those at a position are multiplied by 1 + beta · ln(1 + ⌊position / length⌋).
fn query_scale(position: u32, beta: f32, length: u32) -> f32 {
  return 1.0 + beta * log(f32(1u + position / length));
}
