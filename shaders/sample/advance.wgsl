// The random number of a step, and how the batch's state moves on to the drawn id.
//: needs State, sampling.wgsl
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read_write> ids: array<u32>; // the next batch
@group(0) @binding(4) var<storage, read_write> outputs: array<u32>; // ring of sampled ids

/// PCG hash (Jarzynski & Olano 2020, "Hash Functions for GPU Rendering", pcg3d): counter in, uniform [0, 1) out.
fn uniform_random(counter: u32) -> f32 {
  var v = vec3u(params.seed, counter) * 1664525u + 1013904223u;
  v.x += v.y * v.z; v.y += v.z * v.x; v.z += v.x * v.y;
  v ^= v >> vec3u(16u);
  v.x += v.y * v.z; v.y += v.z * v.x; v.z += v.x * v.y;
  return f32(v.x >> 8u) * 0x1p-24;
}

/// Makes an id the batch's last one; called by one thread.
fn advance(id: u32) {
  seen[id >> 5u] |= 1u << (id & 31u);
  ids[0] = id;
  outputs[state.step % params.outputs] = id;
  state.token = id;
  state.position += state.count;
  state.count = 1u;
  state.step += 1u;
}
