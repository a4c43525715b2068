// The gradient of A: da[j, k] += Σ_t v[t, j] · mask(x)[t, k]. A thread takes a quad of columns and TILE_R rows of one
// map's A. LANES threads share the tokens of the same elements.
//: needs lora-bindings.wgsl, dropout_key, dropout_token_key, apply_dropout, dropout_keep
//: needs WORKGROUP_SIZE, LANES, TILE_R
//: if SHARED
//: needs store_partial_sum, sum_partials, SUMS
//: end
const SPAN = WORKGROUP_SIZE / LANES;
@group(0) @binding(4) var<storage, read> x: array<vec4f>;        // [T, K]
@group(0) @binding(5) var<storage, read> v: array<f32>;          // [T, J]
@group(0) @binding(6) var<storage, read_write> da: array<vec4f>; // [J, K]

fn store(map: u32, r: u32, quad: u32, sum: vec4f) {
  let quads = params.columns / 4u;
  if (quad < quads && r < params.rank) { da[(map * params.rank + r) * quads + quad] += sum / dropout_keep(); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let lane = local_index / SPAN;
  let quads = params.columns / 4u;
  let base = workgroup_id.x * SPAN;
  let quad = min(base + local_index % SPAN, quads - 1u);
  let first_rank = workgroup_id.y * TILE_R;
  let map = workgroup_id.z;
  let key = dropout_key(map);
  //: for r in TILE_R
  let v_$r = map * params.rank + clamp_rank(first_rank + $ru);
  var sum_$r = vec4f(0.0);
  //: end

  for (var t = lane; t < state.count; t += LANES) {
    let in = apply_dropout(dropout_token_key(key, t), quad, x[t * quads + quad]);
    sum_$r += v[t * stacked_ranks() + v_$r] * in; //: for r in TILE_R
  }

  //: if SHARED
  store_partial_sum($ru * SPAN + local_index % SPAN, lane, sum_$r); //: for r in TILE_R
  workgroupBarrier();
  for (var n = local_index; n < SUMS; n += WORKGROUP_SIZE) {
    store(map, first_rank + n / SPAN, base + n % SPAN, sum_partials(n));
  }
  //: else
  store(map, first_rank + $ru, base + local_index, sum_$r); //: for r in TILE_R
  //: end
}
