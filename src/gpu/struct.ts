// Structs that the CPU fills and shaders read. webgpu-utils lays them out by WGSL's rules of alignment; the types here see that
// each field has a value of its own type, which webgpu-utils does not look at.
// first: webgpu-utils looks names up while it is imported
import './globals';
import { makeShaderDataDefinitions, makeStructuredView, type VariableDefinition } from 'webgpu-utils';

/** Numbers in a field of each WGSL type that structs have here. */
const LENGTHS = { u32: 1, i32: 1, f32: 1, vec2u: 2, vec4u: 4 } as const;
type FieldType = keyof typeof LENGTHS;

/** Fields in the order in which WGSL declares them. */
export type Fields = Readonly<Record<string, FieldType>>;

interface Values {
  readonly u32: number;
  readonly i32: number;
  readonly f32: number;
  readonly vec2u: readonly [number, number];
  readonly vec4u: readonly [number, number, number, number];
}

/** What is packed: numbers, and as many numbers as a vector has. */
export type FieldValues<F extends Fields> = { readonly [Name in keyof F]: Values[F[Name]] };

/** A struct of these fields. */
export class Struct<F extends Fields> {
  readonly fields: F;
  #definition: VariableDefinition | undefined;

  constructor(fields: F) {
    this.fields = fields;
  }

  /** Bytes, a multiple of the largest alignment. */
  get size(): number {
    return Object.keys(this.fields).length === 0 ? 0 : this.#layout().size;
  }

  /** The struct's bytes. @throws when a value is missing or unknown */
  pack(values: FieldValues<F>): ArrayBuffer {
    const given: Readonly<Record<string, number | readonly number[]>> = values;
    for (const [name, type] of Object.entries(this.fields)) {
      const value = given[name];
      if (value === undefined) throw new Error(`${name} has no value`);
      const numbers = typeof value === 'number' ? 1 : value.length;
      if (numbers !== LENGTHS[type]) throw new Error(`${name} is ${numbers} numbers, and a ${type}`);
    }
    const unknown = Object.keys(given).find((name) => !(name in this.fields));
    if (unknown !== undefined) throw new Error(`there is no field ${unknown}`);
    if (this.size === 0) return new ArrayBuffer(0);
    const view = makeStructuredView(this.#layout());
    view.set(given);
    return view.arrayBuffer;
  }

  /** Made when it is first asked for: an op that is never used costs nothing. */
  #layout(): VariableDefinition {
    const fields = Object.entries(this.fields).map(([name, type]) => `${name}: ${type},`);
    const source = `struct Fields { ${fields.join(' ')} }\n@group(0) @binding(0) var<uniform> fields: Fields;`;
    this.#definition ??= makeShaderDataDefinitions(source).uniforms['fields'];
    return this.#definition;
  }
}
