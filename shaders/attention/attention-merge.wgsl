// Attention's output from the sums over each part of the keys: a thread takes a quad of a head's output and adds up the
// parts in their order.
//   out[t, h] = Σ_s 2^(max[s] − max) · sums[s] / Σ_s 2^(max[s] − max) · total[s]
//: needs State, Activation, WORKGROUP_SIZE
struct Params {
  heads: u32,
  quads: u32,
  splits: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> sums: array<vec4f>; // [T][H][splits][d] of weighted values
@group(0) @binding(3) var<storage, read> totals: array<vec2f>; // [T][H][splits]: the largest score, the sum of weights
@group(0) @binding(4) var<storage, read_write> out: array<vec4<Activation>>; // [T][H · d]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let row = global_id.x / params.quads; // a head of a token
  if (row >= state.count * params.heads) { return; }
  let first = row * params.splits;
  let end = first + params.splits;
  var largest = totals[first].x;
  for (var s = first + 1u; s < end; s++) { largest = max(largest, totals[s].x); }
  var sum = vec4f(0.0);
  var total = 0.0;
  for (var s = first; s < end; s++) {
    let part = totals[s];
    let weight = exp2(part.x - largest);
    total += weight * part.y;
    sum += weight * sums[s * params.quads + global_id.x % params.quads];
  }
  out[global_id.x] = vec4<Activation>(sum / total);
}
