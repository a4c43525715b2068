// The interface of dropout.wgsl without dropout: every element is kept as it is.
fn dropout_key(map: u32) -> vec4u { return vec4u(0u); }
fn dropout_token_key(key: vec4u, token: u32) -> vec4u { return key; }
fn apply_dropout(site: vec4u, quad: u32, value: vec4f) -> vec4f { return value; }
fn dropout_keep() -> f32 { return 1.0; }
