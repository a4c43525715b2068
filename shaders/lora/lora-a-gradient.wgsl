// The gradient of A: da[j, k] += Σ_t v[t, j] · mask(x)[t, k]. A thread takes a quad of columns and TILE_R rows of one
// map's A. TOKEN_LANES threads share the tokens of the same elements.
//: needs lora-input-backward.wgsl, lora-bindings.wgsl, input_quad
//: needs dropout_key, dropout_token_key, apply_dropout, dropout_keep, WORKGROUP_SIZE, TOKEN_LANES, TILE_R
//: if SHARED
//: needs store_partial_sum, sum_partials
//: end
const SPAN = WORKGROUP_SIZE / TOKEN_LANES;
const ELEMENTS = SPAN * TILE_R;

/// Groups of columns that a workgroup takes.
fn column_groups() -> u32 { return (params.columns / 4u + SPAN - 1u) / SPAN; }
/// Workgroups for all of A.
fn a_groups() -> u32 { return column_groups() * rank_tiles() * params.maps; }

fn store_da(map: u32, r: u32, quad: u32, sum: vec4f) {
  let quads = params.columns / 4u;
  if (quad < quads && r < params.rank) { da[(map * params.rank + r) * quads + quad] += sum / dropout_keep(); }
}

fn gradient_of_a(group: u32, local_index: u32) {
  let lane = local_index / SPAN;
  let quads = params.columns / 4u;
  let base = group % column_groups() * SPAN;
  let quad = min(base + local_index % SPAN, quads - 1u);
  let tile = group / column_groups();
  let first_rank = tile % rank_tiles() * TILE_R;
  let map = tile / rank_tiles();
  let key = dropout_key(map);
  //: for r in TILE_R
  let v_$r = map * params.rank + clamp_rank(first_rank + $ru);
  var sum_$r = vec4f(0.0);
  //: end

  for (var t = lane; t < state.count; t += TOKEN_LANES) {
    let in = apply_dropout(dropout_token_key(key, t), quad, input_quad(t, quad, quads));
    sum_$r += v[t * stacked_ranks() + v_$r] * in; //: for r in TILE_R
  }

  //: if SHARED
  store_partial_sum(ELEMENTS, $ru * SPAN + local_index % SPAN, lane, sum_$r); //: for r in TILE_R
  workgroupBarrier();
  for (var n = local_index; n < ELEMENTS; n += WORKGROUP_SIZE) {
    store_da(map, first_rank + n / SPAN, base + n % SPAN, sum_partials(ELEMENTS, TOKEN_LANES, n));
  }
  //: else
  store_da(map, first_rank + $ru, base + local_index, sum_$r); //: for r in TILE_R
  //: end
}
