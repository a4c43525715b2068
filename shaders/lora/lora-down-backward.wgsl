// The gradient of x through A: dx[t, k] += Σ over maps of mask(Σ_r v[t, j] · a[j, k]), each map with its own mask. A
// thread takes a quad of columns and TILE_N tokens.
//: needs lora-input-backward.wgsl, lora-bindings.wgsl
//: needs dropout_key, dropout_token_key, apply_dropout, dropout_keep, WORKGROUP_SIZE, TILE_N
@group(0) @binding(7) var<storage, read> a: array<vec4f>;        // [J, K]
@group(0) @binding(8) var<storage, read_write> dx: array<vec4f>; // [T, K]

fn gradient_of_x(group: u32, local_index: u32) {
  let quads = params.columns / 4u;
  let groups = (quads + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
  let quad = group % groups * WORKGROUP_SIZE + local_index;
  let last = state.count - 1u;
  let first_token = group / groups * TILE_N;
  if (quad >= quads || first_token > last) { return; }
  //: for t in TILE_N
  let token_$t = min(first_token + $tu, last);
  var total_$t = vec4f(0.0);
  //: end

  for (var map = 0u; map < params.maps; map++) {
    let key = dropout_key(map);
    var sum_$t = vec4f(0.0); //: for t in TILE_N
    for (var j = map * params.rank; j < (map + 1u) * params.rank; j++) {
      let weights = a[j * quads + quad];
      sum_$t += v[token_$t * stacked_ranks() + j] * weights; //: for t in TILE_N
    }
    total_$t += apply_dropout(dropout_token_key(key, token_$t), quad, sum_$t) / dropout_keep(); //: for t in TILE_N
  }

  if (first_token + $tu <= last) { dx[token_$t * quads + quad] += total_$t; } //: for t in TILE_N
}
