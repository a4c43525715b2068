// An op's literal against its WGSL, and against its callers: what disagrees is refused.
import { describe, expect, test } from 'vitest';
import { checkBindings, checkStruct, readBindings } from './declarations';
import { op, type OpContext } from './op';
import { Struct } from './struct';

const DECLARED = `
struct Params { rows: u32, factor: f32, at: vec2u, } // trailing: u32
// @group(0) @binding(9) var<storage, read> comment: array<f32>;
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
`;

describe('what WGSL declares', () => {
  test('bindings with their numbers and uses', () => {
    expect(readBindings(DECLARED)).toEqual([
      { name: 'params', binding: 0, access: 'uniform' },
      { name: 'x', binding: 3, access: 'read' },
      { name: 'y', binding: 5, access: 'read_write' },
    ]);
  });

  test('a binding that is written in another way is refused, and not overlooked', () => {
    const other = '@binding(1) @group(0) var<storage, read> z: array<f32>;';
    expect(() => readBindings(DECLARED + other)).toThrow('1 bindings');
  });

  test('bindings agree in name and use; those with a question mark may be absent', () => {
    const found = readBindings(DECLARED);
    const right = { params: 'uniform', x: 'read', y: 'read_write', picked: 'read?' } as const;
    expect(() => checkBindings(found, right)).not.toThrow();
    expect(() => checkBindings(found, { ...right, x: 'read?' })).not.toThrow();
    expect(() => checkBindings(found, { ...right, y: 'read' })).toThrow(
      'y is read_write in the shader, and read in the op',
    );
    expect(() => checkBindings(found, { ...right, z: 'read' })).toThrow('the op binds z');
    expect(() => checkBindings(found, { params: 'uniform', x: 'read' })).toThrow('the shader binds y');
  });

  test('a struct agrees in names, types and order', () => {
    const right = { rows: 'u32', factor: 'f32', at: 'vec2u' } as const;
    expect(() => checkStruct(DECLARED, 'Params', right)).not.toThrow();
    const { rows, factor, at } = right;
    for (const wrong of [
      { factor, rows, at },
      { rows, factor },
      { ...right, more: rows },
      { ...right, factor: rows },
    ]) {
      expect(() => checkStruct(DECLARED, 'Params', wrong)).toThrow(
        'struct Params is { rows: u32, factor: f32, at: vec2u }',
      );
    }
    expect(() => checkStruct(DECLARED, 'State', right)).toThrow('struct State is {  }');
  });
});

describe('what a struct is packed to', () => {
  const layout = new Struct({ a: 'u32', b: 'f32', c: 'u32', d: 'vec2u', e: 'i32', f: 'vec4u' });

  test('each field where WGSL aligns it', () => {
    const bytes = layout.pack({ a: 7, b: 0.5, c: 2 ** 32 - 1, d: [1, 2], e: -1, f: [3, 4, 5, 6] });
    expect(layout.size).toBe(48);
    expect([...new Uint32Array(bytes)]).toEqual([7, 0x3f000000, 0xffffffff, 0, 1, 2, 0xffffffff, 0, 3, 4, 5, 6]);
    expect(new Struct({ d: 'vec2u', a: 'u32' }).size).toBe(16);
    expect(new Struct({}).size).toBe(0);
  });

  test('no value too few, too many or of another length', () => {
    const whole = { a: 7, b: 0.5, c: 0, d: [1, 2], e: -1, f: [3, 4, 5, 6] } as const;
    const { a: _, ...less } = whole;
    // @ts-expect-error a is missing
    expect(() => layout.pack(less)).toThrow('a has no value');
    const more = { ...whole, g: 1 };
    expect(() => layout.pack(more)).toThrow('there is no field g');
    // @ts-expect-error d has two numbers
    expect(() => layout.pack({ ...whole, d: [1, 2, 3] })).toThrow('d is 3 numbers');
  });
});

interface Variant {
  readonly doubled: boolean;
}

const literal = (bindings: string) =>
  op({
    name: 'scale',
    variants: () => [{ doubled: false }, { doubled: true }],
    source: ({ doubled }: Variant, { lanes }: { readonly lanes: number }) => ({
      label: `scale ${lanes}`,
      definitions: { DOUBLED: Number(doubled), LANES: lanes },
      snippets: { bindings, main: 'fn main() {}' },
    }),
    params: { rows: 'u32', factor: 'f32', at: 'vec2u' },
    bindings: { x: 'read', y: 'read_write', picked: 'read?' },
    grid: ({ target: { lanes }, params, rows }) => [Math.ceil((rows * params.rows) / lanes)],
    cost: ({ variant, rows, position }) => ({ flops: rows * (variant.doubled ? 2 : 1), bytes: position }),
    reference: (x: number, factor: number) => x * factor,
  });

describe('an op', () => {
  const scale = literal(DECLARED);

  test('has one kernel for each variant and target, composed once', () => {
    const target = { lanes: 8 };
    const kernel = scale.kernel({ doubled: true }, target);
    expect(kernel.label).toBe('scale 8');
    expect(kernel.wgsl).toContain('const DOUBLED = 1u;\nconst LANES = 8u;');
    expect(scale.kernel({ doubled: true }, target)).toBe(kernel);
    expect(scale.kernels(target).map(({ wgsl }) => wgsl.includes('DOUBLED = 1u'))).toEqual([false, true]);
    expect(scale.kernel({ doubled: true }, { lanes: 16 }).wgsl).toContain('LANES = 16u');
    expect(scale.reference(3, 2)).toBe(6);
  });

  test('refuses WGSL that says something else', () => {
    const broken = (from: string, to: string) =>
      literal(DECLARED.replace(from, to)).kernel({ doubled: true }, { lanes: 1 });
    expect(() => broken('factor: f32', 'factor: u32')).toThrow('scale 1: struct Params is { rows: u32, factor: u32');
    expect(() => broken('read_write', 'read')).toThrow('scale 1: y is read in the shader');
    expect(() => broken('> x:', '> xs:')).toThrow('scale 1: the shader binds xs, and the op does not');
  });

  test('is called with its own bindings and parameters, by their types', () => {
    const buffer = {} as GPUBuffer;
    const context = {} as OpContext<{ readonly lanes: number }>;
    const params = { rows: 4, factor: 0.5, at: [0, 1] } as const;
    const calls = [
      () => scale.step(context, { doubled: true }, { x: buffer, y: buffer }, params),
      () => scale.step(context, { doubled: true }, { x: buffer, y: buffer, picked: buffer }, params),
      // @ts-expect-error y is missing
      () => scale.step(context, { doubled: true }, { x: buffer }, params),
      // @ts-expect-error z is unknown
      () => scale.step(context, { doubled: true }, { x: buffer, y: buffer, z: buffer }, params),
      // @ts-expect-error factor is missing
      () => scale.step(context, { doubled: true }, { x: buffer, y: buffer }, { rows: 4, at: [0, 1] }),
      // @ts-expect-error columns is unknown
      () => scale.step(context, { doubled: true }, { x: buffer, y: buffer }, { ...params, columns: 4 }),
      // @ts-expect-error a vector is no number
      () => scale.step(context, { doubled: true }, { x: buffer, y: buffer }, { ...params, at: 1 }),
      // @ts-expect-error the variant says nothing of rows
      () => scale.step(context, { rows: 4 }, { x: buffer, y: buffer }, params),
    ];
    expect(calls).toHaveLength(8);
  });
});
