// dx[t, k] += Σ over maps of mask(Σ_r v[t, j] · a[j, k]), each map with its own mask. A thread takes a quad of columns and TOKENS
// tokens.
//: needs lora-bindings.wgsl, dropout_key, dropout_site, masked, dropout_keep, WORKGROUP, TOKENS
@group(0) @binding(4) var<storage, read> v: array<f32>;          // [T, J]
@group(0) @binding(5) var<storage, read> a: array<vec4f>;        // [J, K]
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>; // [T, K]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let quads = params.columns / 4u;
  let quad = workgroup.x * WORKGROUP + local;
  if (quad >= quads) { return; }
  let last = state.count - 1u;
  let first = workgroup.y * TOKENS;
  //: for t in TOKENS
  let token_$t = min(first + $tu, last);
  var total_$t = vec4f(0.0);
  //: end

  for (var map = 0u; map < params.maps; map++) {
    let key = dropout_key(map);
    //: for t in TOKENS
    var sum_$t = vec4f(0.0);
    //: end
    for (var j = map * params.rank; j < (map + 1u) * params.rank; j++) {
      let weights = a[j * quads + quad];
      //: for t in TOKENS
      sum_$t += v[token_$t * stacked() + j] * weights;
      //: end
    }
    //: for t in TOKENS
    total_$t += masked(dropout_site(key, token_$t), quad, sum_$t) / dropout_keep();
    //: end
  }

  //: for t in TOKENS
  if (first + $tu <= last) { dx[token_$t * quads + quad] += total_$t; }
  //: end
}
