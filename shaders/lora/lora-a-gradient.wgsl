// da[j, k] += Σ_t v[t, j] · mask(x)[t, k]. A thread takes a quad of columns and RANKS rows of one map's A; LANES threads share
// the tokens of the same ones.
//: needs lora-bindings.wgsl, dropout_key, dropout_site, masked, dropout_keep, WORKGROUP, LANES, RANKS
//: if SHARED
//: needs leave, total, SUMS
//: end
const SPAN = WORKGROUP / LANES;
@group(0) @binding(4) var<storage, read> x: array<vec4f>;        // [T, K]
@group(0) @binding(5) var<storage, read> v: array<f32>;          // [T, J]
@group(0) @binding(6) var<storage, read_write> da: array<vec4f>; // [J, K]

fn store(map: u32, r: u32, quad: u32, sum: vec4f) {
  let quads = params.columns / 4u;
  if (quad < quads && r < params.rank) { da[(map * params.rank + r) * quads + quad] += sum / dropout_keep(); }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local / SPAN;
  let quads = params.columns / 4u;
  let base = workgroup.x * SPAN;
  let quad = min(base + local % SPAN, quads - 1u);
  let rank = workgroup.y * RANKS;
  let map = workgroup.z;
  let key = dropout_key(map);
  //: for r in RANKS
  let v_$r = map * params.rank + within(rank + $ru);
  var sum_$r = vec4f(0.0);
  //: end

  for (var t = lane; t < state.count; t += LANES) {
    let in = masked(dropout_site(key, t), quad, x[t * quads + quad]);
    //: for r in RANKS
    sum_$r += v[t * stacked() + v_$r] * in;
    //: end
  }

  //: if SHARED
  //: for r in RANKS
  leave(lane, $ru * SPAN + local % SPAN, sum_$r);
  //: end
  workgroupBarrier();
  for (var n = local; n < SUMS; n += WORKGROUP) { store(map, rank + n / SPAN, base + n % SPAN, total(n)); }
  //: else
  //: for r in RANKS
  store(map, rank + $ru, base + local, sum_$r);
  //: end
  //: end
}
