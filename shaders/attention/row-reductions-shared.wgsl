// Maximum and sum over the eight threads of a row of scores, for four rows at a time, in the shared memory of the
// weights while no thread needs those.
var<workgroup> weights: array<array<vec4f, 8 * 16>, 4>; // of quads of keys, a plane for each of a thread's queries

fn row_max(m: u32, n: u32, own: vec4f) -> vec4f {
  weights[0][n * 16u + m] = own;
  workgroupBarrier();
  var all = weights[0][m];
  for (var i = 1u; i < 8u; i++) { all = max(all, weights[0][i * 16u + m]); }
  workgroupBarrier();
  return all;
}

fn row_sum(m: u32, n: u32, own: vec4f) -> vec4f {
  workgroupBarrier();
  weights[0][n * 16u + m] = own;
  workgroupBarrier();
  var all = weights[0][m];
  for (var i = 1u; i < 8u; i++) { all += weights[0][i * 16u + m]; }
  return all;
}
