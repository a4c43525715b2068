// The second of two dispatches that sample from a large vocabulary, in one workgroup: a thread for each chunk that
// sort-chunks.wgsl sorted. A threshold is found two bits of its key at a time: each thread looks up how many of its
// ids, or how much of their mass, three candidates leave, and the sums decide. So top-k and top-p are exact, whatever
// the logits. The order is that of Hugging Face transformers: repetition penalty, temperature, top-k, top-p, min-p.
//: needs sampling.wgsl, advance.wgsl, chunks.wgsl, CHUNK
@group(0) @binding(5) var<storage, read> logits: array<f32>; // [V]
@group(0) @binding(6) var<storage, read> sorted: array<u32>; // [chunks][CHUNK] keys; greedy: key and id
@group(0) @binding(7) var<storage, read> masses: array<f32>; // [chunks][CHUNK]

const BEYOND = 3.4e38;
/// Sums of each thread, then of each four of these, and so on up to the sum over all.
var<workgroup> sums: array<vec4f, TREE>;

/// The sums over all threads, in one order.
fn sum_over(thread: u32, own: vec4f) -> vec4f {
  sums[thread] = own;
  var begin = 0u;
  for (var count = params.threads; count > 1u; count /= 4u) {
    workgroupBarrier();
    let i = begin + 4u * thread;
    begin += count;
    if (thread < count / 4u) { sums[begin + thread] = (sums[i] + sums[i + 1u]) + (sums[i + 2u] + sums[i + 3u]); }
  }
  workgroupBarrier();
  return sums[TREE - 1u];
}

/// The thread that a draw falls on.
struct Place {
  thread: u32,
  rest: f32, // of the draw within that thread's mass
}

/// The thread in whose part of the last sum the draw falls, or the last one with any mass where rounding leaves a rest.
fn place_of(draw: f32) -> Place {
  var place = Place(0u, draw);
  var begin = TREE - 1u;
  for (var count = 4u; count <= params.threads; count *= 4u) {
    begin -= count;
    let first = 4u * place.thread;
    var rest = place.rest;
    var within = false;
    for (var i = first; i < first + 4u; i++) {
      let mass = sums[begin + i].x;
      if (!within && mass > 0.0) {
        place.thread = i;
        within = rest < mass;
        rest -= select(mass, 0.0, within);
      }
    }
    place.rest = select(BEYOND, rest, within);
  }
  return place;
}

/// The chunk of a thread, in sorted order.
struct Chunk {
  begin: u32,  // in `sorted`
  factor: f32, // what its masses are multiplied by: its largest probability
}

/// The number of a chunk's keys at or above each of three candidates; the number is known to lie between `few` and
/// `many`.
fn counts_from(chunk: Chunk, candidates: vec3u, few: u32, many: u32) -> vec3u {
  var low = vec3u(few);
  var high = vec3u(many);
  while (any(low < high)) {
    let middle = (low + high) / 2u;
    let found = vec3u(
      sorted[chunk.begin + middle.x],
      sorted[chunk.begin + middle.y],
      sorted[chunk.begin + middle.z],
    );
    let open = low < high;
    let above = found >= candidates;
    low = select(low, middle + 1u, open & above);
    high = select(high, middle, open & !above);
  }
  return low;
}

/// The mass of a chunk's first ids.
fn mass_of(chunk: Chunk, count: u32) -> f32 {
  if (count == 0u) { return 0.0; }
  return chunk.factor * masses[chunk.begin + count - 1u];
}

/// The ids that are kept so far: those whose keys are no lower than `key`.
struct Kept {
  key: u32,   // the lowest
  count: u32, // of the thread's chunk
}

/// Raises the lowest kept key as far as at least a number of ids, or a mass, stays; at most up to `highest`.
fn raise(thread: u32, chunk: Chunk, kept: Kept, highest: u32, wanted: f32, by_mass: bool) -> Kept {
  var key = kept.key;
  var many = kept.count;
  var few = 0u;
  for (var bits = params.key_bits; bits > 0u; bits -= 2u) {
    let candidates = vec3u(key) + (vec3u(1u, 2u, 3u) << vec3u(bits - 2u));
    let sensible = (candidates <= vec3u(highest)) & (candidates > vec3u(key));
    let counts = select(vec3u(few), counts_from(chunk, candidates, few, many), sensible);
    var own = vec3f(counts);
    if (by_mass) { own = vec3f(mass_of(chunk, counts.x), mass_of(chunk, counts.y), mass_of(chunk, counts.z)); }
    let sums = sum_over(thread, vec4f(own, 0.0)).xyz;
    let enough = (sums >= vec3f(wanted)) & sensible;
    if (!enough.x) {
      few = counts.x;
    } else if (!enough.y) {
      key = candidates.x;
      many = counts.x;
      few = counts.y;
    } else if (!enough.z) {
      key = candidates.y;
      many = counts.y;
      few = counts.z;
    } else {
      key = candidates.z;
      many = counts.z;
    }
  }
  return Kept(key, many);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  let chunks = (params.vocabulary + CHUNK - 1u) / CHUNK;
  let begin = thread * CHUNK;
  var top = 0u;
  if (thread < chunks) { top = sorted[begin]; }
  let highest = largest(thread, top);
  if (params.temperature == 0.0) {
    if (thread == first_with(thread, top, highest)) { advance(sorted[begin + 1u]); }
    return;
  }

  let largest_logit = logit_of(highest);
  let factor = select(0.0, exp((logit_of(top) - largest_logit) / params.temperature), thread < chunks);
  let chunk = Chunk(begin, factor);
  var kept = Kept(1u, select(0u, min(CHUNK, params.vocabulary - begin), thread < chunks));
  if (params.top_k > 0u && params.top_k < params.vocabulary) {
    kept = raise(thread, chunk, kept, highest, f32(params.top_k), false);
  }
  if (params.top_p < 1.0) {
    let mass = sum_over(thread, vec4f(mass_of(chunk, kept.count))).x;
    kept = raise(thread, chunk, kept, highest, params.top_p * mass, true);
  }
  let least = min(highest, max(kept.key, key_of(largest_logit + params.min_logit)));
  let count = counts_from(chunk, vec3u(least), 0u, kept.count).x;
  let mass = sum_over(thread, vec4f(mass_of(chunk, count))).x;
  let place = place_of(uniform_random(state.step) * mass);

  // the draw within its chunk goes over ids in their order, not over sorted keys
  const IDS = CHUNK / THREADS;
  let first = place.thread * CHUNK + thread * IDS;
  let chunk_top = logit_of(sorted[place.thread * CHUNK]);
  let chunk_factor = exp((chunk_top - largest_logit) / params.temperature);
  var own: array<f32, IDS>;
  var sum = 0.0;
  for (var i = 0u; i < IDS; i++) {
    own[i] = 0.0;
    if (first + i < params.vocabulary) {
      let logit = penalise(first + i, logits[first + i]);
      if (key_of(logit) >= least) { own[i] = chunk_factor * exp((logit - chunk_top) / params.temperature); }
    }
    sum += own[i];
  }
  workgroupBarrier(); // the last sums are read before they are overwritten
  _ = sum_over(thread, vec4f(sum));
  let within = place_of(place.rest);
  if (thread == within.thread) {
    var id = min(first, params.vocabulary - 1u);
    var rest = within.rest;
    for (var i = 0u; i < IDS; i++) {
      if (own[i] > 0.0) {
        id = first + i;
        if (rest < own[i]) { break; }
        rest -= own[i];
      }
    }
    advance(id);
  }
}
