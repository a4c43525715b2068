// A LLaMA-shaped model with made-up weights as ONNX, with the operators that ONNX Runtime's own exporter uses: products
// with 4-bit weights in blocks of 32, grouped-query attention with rotary positions, norms with the residual. Speed
// does not depend on the values.
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';

const BLOCK = 32;
const FLOAT = 1;
const UINT8 = 2;
const INT32 = 6;
const INT64 = 7;
const ALIGNMENT = 4096;
const MICROSOFT = 'com.microsoft';

// Protocol Buffers' wire format: what onnx.proto names by numbers.
function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, value) => {
  const content = Buffer.from(value);
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
};
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));
const float = (field, value) => {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), content]);
};

const attribute = ([name, value]) =>
  Number.isInteger(value)
    ? message(5, bytes(1, name), number(3, value), number(20, 2))
    : message(5, bytes(1, name), float(2, value), number(20, 1));

const valueInfo = (field, name, type, dims) => {
  const shape = dims.map((dim) => message(1, typeof dim === 'string' ? bytes(2, dim) : number(1, dim)));
  return message(field, bytes(1, name), message(2, message(1, number(1, type), message(2, ...shape))));
};

/** Writes tensors into a file beside the model, which cannot hold more than 2 GB itself. */
class External {
  #file;
  #name;
  #at = 0;
  initializers = [];

  constructor(path) {
    this.#file = openSync(path, 'w');
    this.#name = basename(path);
  }

  /** @param fill called with a part of the tensor's bytes at a time */
  add(name, dims, type, length, fill) {
    this.#at = Math.ceil(this.#at / ALIGNMENT) * ALIGNMENT;
    const step = 16 << 20;
    for (let done = 0; done < length; done += step) {
      const part = Buffer.alloc(Math.min(step, length - done));
      fill(part, done);
      writeSync(this.#file, part, 0, part.length, this.#at + done);
    }
    const entry = (key, value) => message(13, bytes(1, key), bytes(2, String(value)));
    this.initializers.push(
      message(
        5,
        ...dims.map((dim) => number(1, dim)),
        number(2, type),
        bytes(8, name),
        entry('location', this.#name),
        entry('offset', this.#at),
        entry('length', length),
        number(14, 1),
      ),
    );
    this.#at += length;
  }

  floats(name, dims, valueAt) {
    const count = dims.reduce((product, dim) => product * dim, 1);
    this.add(name, dims, FLOAT, 4 * count, (part, done) => {
      for (let i = 0; i < part.length; i += 4) part.writeFloatLE(valueAt((done + i) / 4), i);
    });
  }

  close() {
    closeSync(this.#file);
  }
}

/**
 * Writes `path` and `path`.data.
 * @param shape of a model, by the names of src/headless/bench/shapes.json @param context positions of the rotary table
 * @param accuracy 1: products of 32-bit activations; 4: of activations in 8 bits
 */
export function writeOnnxModel(path, shape, { context, accuracy }) {
  const { vocabSize: V, hiddenSize: D, intermediateSize: F, numLayers: L } = shape;
  const { numHeads: H, numKeyValueHeads: K, headDim: d, ropeTheta, architecture, qkNorm } = shape;
  const data = new External(`${path}.data`);
  const nodes = [];
  const constants = [];
  const node = (type, inputs, outputs, attributes = {}, domain = '') => {
    nodes.push(
      message(
        1,
        ...inputs.map((each) => bytes(1, each)),
        ...outputs.map((each) => bytes(2, each)),
        bytes(3, `${type} ${nodes.length}`),
        bytes(4, type),
        ...Object.entries(attributes).map(attribute),
        ...(domain ? [bytes(7, domain)] : []),
      ),
    );
    return outputs[0];
  };
  const integers = (name, values, dims = [values.length]) => {
    const content = Buffer.alloc(8 * values.length);
    values.forEach((value, i) => content.writeBigInt64LE(BigInt(value), 8 * i));
    constants.push(
      message(5, ...dims.map((dim) => number(1, dim)), number(2, INT64), bytes(8, name), bytes(9, content)),
    );
    return name;
  };
  const ones = (name, length) => {
    data.floats(name, [length], () => 1);
    return name;
  };
  let state = 777;
  const product = (x, name, rows, columns, bias) => {
    const blocks = columns / BLOCK;
    data.add(`${name}.codes`, [rows, blocks, BLOCK / 2], UINT8, rows * blocks * (BLOCK / 2), (part) => {
      for (let i = 0; i < part.length; i += 4) {
        // xorshift32
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        part.writeInt32LE(state, i);
      }
    });
    data.floats(`${name}.scales`, [rows * blocks], (i) => ((i % 97) & 1 ? -0.002 : 0.002));
    const attributes = { K: columns, N: rows, bits: 4, block_size: BLOCK, accuracy_level: accuracy };
    const out = node('MatMulNBits', [x, `${name}.codes`, `${name}.scales`], [`${name}.out`], attributes, MICROSOFT);
    if (!bias) return out;
    return node('Add', [out, ones(`${name}.bias`, rows)], [`${name}.biased`]);
  };

  data.floats('embedding', [V, D], (i) => ((i * 7919) % 1001) / 10000 - 0.05);
  const angles = (name, of) =>
    data.floats(name, [context, d / 2], (i) => of(Math.floor(i / (d / 2)) * ropeTheta ** ((-2 * (i % (d / 2))) / d)));
  angles('cos', Math.cos);
  angles('sin', Math.sin);
  // the number of positions so far, which is the sum of the mask less one, and the mask's length
  node('ReduceSum', ['attention_mask', integers('axis', [1])], ['mask.sum'], { keepdims: 1 });
  node('Sub', ['mask.sum', 'axis'], ['last']);
  node('Cast', ['last'], ['seqlens_k'], { to: INT32 });
  node('Shape', ['attention_mask'], ['mask.shape']);
  node('Gather', ['mask.shape', integers('second', [1], [])], ['length']);
  node('Cast', ['length'], ['total'], { to: INT32 });

  const epsilon = 1e-5;
  const skip = (x, branch, name) => {
    const outputs = [`${name}.normed`, '', '', `${name}.sum`];
    node('SkipSimplifiedLayerNormalization', [x, branch, ones(`${name}.gain`, D)], outputs, { epsilon }, MICROSOFT);
    return [outputs[3], outputs[0]];
  };
  const headNorm = (x, name, heads) => {
    const split = node('Reshape', [x, integers(`${name}.heads`, [0, 0, heads, d])], [`${name}.split`]);
    const normed = node('SimplifiedLayerNormalization', [split, ones(`${name}.gain`, d)], [`${name}.normed`], {
      axis: -1,
      epsilon,
      stash_type: 1,
    });
    return node('Reshape', [normed, integers(`${name}.flat`, [0, 0, heads * d])], [`${name}.joined`]);
  };

  let x = node('Gather', ['embedding', 'input_ids'], ['x']);
  const first = { axis: -1, epsilon, stash_type: 1 };
  let normed = node('SimplifiedLayerNormalization', [x, ones('first.gain', D)], ['first.normed'], first);
  for (let layer = 0; layer < L; layer++) {
    const name = (part) => `layers.${layer}.${part}`;
    const biased = architecture === 'qwen2';
    let q = product(normed, name('q'), H * d, D, biased);
    let k = product(normed, name('k'), K * d, D, biased);
    const v = product(normed, name('v'), K * d, D, biased);
    if (qkNorm) [q, k] = [headNorm(q, name('q_norm'), H), headNorm(k, name('k_norm'), K)];
    const past = ['key', 'value'].map((each) => `past_key_values.${layer}.${each}`);
    const present = ['key', 'value'].map((each) => `present.${layer}.${each}`);
    const attended = node(
      'GroupQueryAttention',
      [q, k, v, ...past, 'seqlens_k', 'total', 'cos', 'sin'],
      [name('attention'), ...present],
      { num_heads: H, kv_num_heads: K, do_rotary: 1, rotary_interleaved: 0 },
      MICROSOFT,
    );
    [x, normed] = skip(x, product(attended, name('o'), D, H * d), name('ffn'));
    const gate = product(normed, name('gate'), F, D);
    const up = product(normed, name('up'), F, D);
    const silu = node('Mul', [gate, node('Sigmoid', [gate], [name('sigmoid')])], [name('silu')]);
    const hidden = node('Mul', [silu, up], [name('hidden')]);
    [x, normed] = skip(x, product(hidden, name('down'), D, F), name('next'));
  }
  const logits = product(normed, 'head', V, D);
  node('Identity', [logits], ['logits']);
  data.close();

  const caches = (prefix, length) =>
    Array.from({ length: L }, (_, layer) =>
      ['key', 'value'].map((each) => [`${prefix}.${layer}.${each}`, FLOAT, ['batch', K, length, d]]),
    ).flat();
  const inputs = [
    ['input_ids', INT64, ['batch', 'tokens']],
    ['attention_mask', INT64, ['batch', 'total']],
    ...caches('past_key_values', 'past'),
  ];
  const outputs = [['logits', FLOAT, ['batch', 'tokens', V]], ...caches('present', 'total')];
  const graph = message(
    7,
    ...nodes,
    bytes(2, 'model'),
    ...constants,
    ...data.initializers,
    ...inputs.map((each) => valueInfo(11, ...each)),
    ...outputs.map((each) => valueInfo(12, ...each)),
  );
  const opsets = [message(8, bytes(1, ''), number(2, 21)), message(8, bytes(1, MICROSOFT), number(2, 1))];
  writeFileSync(path, Buffer.concat([number(1, 10), bytes(2, 'pronk'), graph, ...opsets]));
}
