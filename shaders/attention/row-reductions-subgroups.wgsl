// Maximum and sum over the eight threads of a row of scores, for four rows at a time, by subgroup operations: a
// workgroup's invocations are dealt to subgroups in order, so such threads are neighbours in one subgroup.
var<workgroup> weights: array<array<vec4f, 8 * 16>, 4>; // of quads of keys, a plane for each of a thread's queries

fn row_max(m: u32, n: u32, own: vec4f) -> vec4f {
  var all = max(own, subgroupShuffleXor(own, 1u));
  all = max(all, subgroupShuffleXor(all, 2u));
  return max(all, subgroupShuffleXor(all, 4u));
}

fn row_sum(m: u32, n: u32, own: vec4f) -> vec4f {
  var all = own + subgroupShuffleXor(own, 1u);
  all += subgroupShuffleXor(all, 2u);
  return all + subgroupShuffleXor(all, 4u);
}
