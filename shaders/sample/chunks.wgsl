// Functions of sort-chunks.wgsl and sample-chunks.wgsl: integer keys in the order of logits, and the largest key over
// all threads.
//: needs sampling.wgsl
const THREADS = 256u;
const TREE = 341u; // 256 + 64 + 16 + 4 + 1

/// An integer that orders as the logit does; 0 is below all of them.
fn key_of(logit: f32) -> u32 {
  let bits = bitcast<u32>(select(logit, 0.0, logit == 0.0)); // −0 is 0
  return select(bits ^ 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

fn logit_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key ^ 0x80000000u, (key >> 31u) == 1u));
}

var<workgroup> maxima: array<u32, TREE>;

/// The largest of all threads' keys.
fn largest(thread: u32, key: u32) -> u32 {
  maxima[thread] = key;
  var begin = 0u;
  for (var count = params.threads; count > 1u; count /= 4u) {
    workgroupBarrier();
    let i = begin + 4u * thread;
    begin += count;
    if (thread < count / 4u) {
      maxima[begin + thread] = max(max(maxima[i], maxima[i + 1u]), max(maxima[i + 2u], maxima[i + 3u]));
    }
  }
  workgroupBarrier();
  return maxima[TREE - 1u];
}

/// The first thread whose key is the largest of all.
fn first_with(thread: u32, key: u32, all: u32) -> u32 {
  return THREADS - largest(thread, select(0u, THREADS - thread, key == all));
}
