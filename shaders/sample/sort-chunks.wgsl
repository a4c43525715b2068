// The first of two dispatches that sample from a large vocabulary: a workgroup for each chunk of ids. Greedy, it finds
// the chunk's largest logit and the lowest id that has it. Otherwise it sorts the chunk's logits, largest first, by a
// bitonic network of two stages a step, and sums their probabilities along that order. Thresholds are then found by
// looking up places in sorted chunks (sample-chunks.wgsl), without another pass over the vocabulary.
//: needs sampling.wgsl, chunks.wgsl, CHUNK
@group(0) @binding(2) var<storage, read> logits: array<vec4f>; // [V]
@group(0) @binding(3) var<storage, read_write> sorted: array<vec4u>; // [chunks][CHUNK] keys; greedy: key and id
@group(0) @binding(4) var<storage, read_write> masses: array<vec4f>; // [chunks][CHUNK] sums of probabilities

const QUADS = CHUNK / 4u;
const SUMS = QUADS / 16u;
var<workgroup> keys: array<u32, CHUNK>;
var<workgroup> quad_sums: array<f32, QUADS>; // then of the quads before, in a group of 16
var<workgroup> group_sums: array<f32, SUMS>;

/// The keys of four ids; 0 for those beyond the vocabulary.
fn keys_at(id: u32) -> vec4u {
  if (id >= params.vocabulary) { return vec4u(); }
  let four = logits[id / 4u];
  var found = vec4u(
    key_of(penalise(id, four.x)),
    key_of(penalise(id + 1u, four.y)),
    key_of(penalise(id + 2u, four.z)),
    key_of(penalise(id + 3u, four.w)),
  );
  return select(vec4u(), found, vec4u(id) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.vocabulary));
}

/// Orders a with c and b with d, or, where the upper half is sorted the other way (`turned`), a with d and b with c;
/// then a with b and c with d.
fn exchange(a: u32, b: u32, c: u32, d: u32, turned: bool) {
  let upper = select(vec2u(c, d), vec2u(d, c), turned);
  let first = vec2u(keys[a], keys[b]);
  let second = vec2u(keys[upper.x], keys[upper.y]);
  let high = max(first, second);
  let low = min(first, second);
  keys[a] = max(high.x, high.y);
  keys[b] = min(high.x, high.y);
  keys[c] = max(low.x, low.y);
  keys[d] = min(low.x, low.y);
}

fn exchange_quad(quad: u32, turned: bool) {
  exchange(4u * quad, 4u * quad + 1u, 4u * quad + 2u, 4u * quad + 3u, turned);
}

/// Sorts the keys that the threads have put into shared memory, each its quads.
fn sort(thread: u32) {
  for (var quad = thread; quad < QUADS; quad += THREADS) { exchange_quad(quad, true); }
  for (var size = 8u; size <= params.chunk; size *= 2u) {
    workgroupBarrier();
    for (var quad = thread; quad < QUADS; quad += THREADS) {
      let stride = size / 4u;
      let i = quad % stride;
      let begin = (quad / stride) * size;
      let end = begin + size - 1u;
      exchange(begin + i, begin + i + stride, end - i - stride, end - i, true);
    }
    for (var stride = size / 16u; stride >= 2u; stride /= 4u) {
      workgroupBarrier();
      for (var quad = thread; quad < QUADS; quad += THREADS) {
        let a = (quad / stride) * 4u * stride + quad % stride;
        exchange(a, a + stride, a + 2u * stride, a + 3u * stride, false);
      }
    }
    workgroupBarrier();
    for (var quad = thread; quad < QUADS; quad += THREADS) { exchange_quad(quad, false); }
  }
  workgroupBarrier();
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let chunk = group.x;
  if (params.temperature == 0.0) {
    var best = vec2u(0u, chunk * CHUNK);
    for (var i = 0u; i < CHUNK / THREADS; i += 4u) {
      let id = chunk * CHUNK + thread * (CHUNK / THREADS) + i;
      let four = keys_at(id);
      for (var j = 0u; j < 4u; j++) {
        if (four[j] > best.x) { best = vec2u(four[j], id + j); }
      }
    }
    let all = largest(thread, best.x);
    if (thread == first_with(thread, best.x, all)) { sorted[chunk * QUADS] = vec4u(best, 0u, 0u); }
    return;
  }

  for (var quad = thread; quad < QUADS; quad += THREADS) {
    let four = keys_at(chunk * CHUNK + 4u * quad);
    keys[4u * quad] = max(four.x, four.y);
    keys[4u * quad + 1u] = min(four.x, four.y);
    keys[4u * quad + 2u] = max(four.z, four.w);
    keys[4u * quad + 3u] = min(four.z, four.w);
  }
  sort(thread);

  let highest = logit_of(keys[0]);
  for (var quad = thread; quad < QUADS; quad += THREADS) {
    var sum = 0.0;
    for (var i = 4u * quad; i < 4u * quad + 4u; i++) { sum += probability(keys[i], highest); }
    quad_sums[quad] = sum;
  }
  workgroupBarrier();
  if (thread < SUMS) {
    var sum = 0.0;
    for (var quad = 16u * thread; quad < 16u * thread + 16u; quad++) {
      let own = quad_sums[quad];
      quad_sums[quad] = sum;
      sum += own;
    }
    group_sums[thread] = sum;
  }
  workgroupBarrier();
  for (var quad = thread; quad < QUADS; quad += THREADS) {
    var before = 0.0;
    for (var i = 0u; i < quad / 16u; i++) { before += group_sums[i]; }
    before += quad_sums[quad];
    let own = vec4u(keys[4u * quad], keys[4u * quad + 1u], keys[4u * quad + 2u], keys[4u * quad + 3u]);
    let first = before + probability(own.x, highest);
    let second = first + probability(own.y, highest);
    let third = second + probability(own.z, highest);
    sorted[chunk * QUADS + quad] = own;
    masses[chunk * QUADS + quad] = vec4f(first, second, third, third + probability(own.w, highest));
  }
}

/// The probability of a key, relative to the chunk's largest.
fn probability(key: u32, highest: f32) -> f32 {
  return select(0.0, exp((logit_of(key) - highest) / params.temperature), key > 0u);
}
