// Dropout of the input of a low-rank map. The mask is a hash of a counter, so the backward pass has the same mask
// without storing it, and a token has the same mask wherever it stands in a batch. src/ops/lora/dropout.ts computes the
// same bits on the CPU.
//: needs lora-bindings.wgsl, Place
@group(0) @binding(2) var<storage, read> places: array<Place>;
@group(0) @binding(3) var<storage, read> noise: array<u32>; // seed, step

/// PCG hash (Jarzynski & Olano 2020, "Hash Functions for GPU Rendering", pcg4d).
fn hash(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  return v;
}

/// The counter where a map's masks begin.
fn dropout_key(map: u32) -> vec4u {
  return hash(vec4u(noise[0], noise[1], 0u, 0u)) + vec4u(0u, 0u, params.modules[map], 0u);
}

/// The counter where the mask of one token begins.
fn dropout_token_key(key: vec4u, token: u32) -> vec4u {
  return key + vec4u(places[token].row, places[token].position, 0u, 0u);
}

/// A quad of columns with zeros for dropped elements. The caller divides by `dropout_keep`.
fn apply_dropout(site: vec4u, quad: u32, value: vec4f) -> vec4f {
  let random = hash(site + vec4u(0u, 0u, 0u, quad)) >> vec4u(8u);
  return select(vec4f(0.0), value, random < vec4u(u32(ceil(params.keep * 0x1p24))));
}

fn dropout_keep() -> f32 { return params.keep; }
