// Structs that the CPU fills and shaders read: where each field lies by WGSL's rules of alignment, and their bytes.
// https://www.w3.org/TR/WGSL/#alignment-and-size

/** WGSL types that a field may have; each is aligned to its own size. */
const SIZES = { u32: 4, i32: 4, f32: 4, vec2u: 8, vec4u: 16 } as const;
export type FieldType = keyof typeof SIZES;

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
  /** Bytes, a multiple of the largest alignment. */
  readonly size: number;
  readonly #places: readonly { readonly name: string; readonly type: FieldType; readonly offset: number }[];

  constructor(fields: F) {
    this.fields = fields;
    let [end, alignment] = [0, 4];
    this.#places = Object.entries(fields).map(([name, type]) => {
      const size = SIZES[type];
      const offset = Math.ceil(end / size) * size;
      end = offset + size;
      alignment = Math.max(alignment, size);
      return { name, type, offset };
    });
    this.size = Math.ceil(end / alignment) * alignment;
  }

  /** The struct's bytes. @throws when a value is missing or unknown */
  pack(values: FieldValues<F>): ArrayBuffer {
    const view = new DataView(new ArrayBuffer(this.size));
    const given: Readonly<Record<string, number | readonly number[]>> = values;
    for (const { name, type, offset } of this.#places) {
      const value = given[name];
      if (value === undefined) throw new Error(`${name} has no value`);
      const numbers = typeof value === 'number' ? [value] : value;
      if (numbers.length * 4 !== SIZES[type]) throw new Error(`${name} is ${numbers.length} numbers, and a ${type}`);
      numbers.forEach((each, i) => {
        if (type === 'f32') view.setFloat32(offset + 4 * i, each, true);
        else view.setUint32(offset + 4 * i, each, true);
      });
    }
    const unknown = Object.keys(given).find((name) => !(name in this.fields));
    if (unknown !== undefined) throw new Error(`there is no field ${unknown}`);
    return view.buffer;
  }
}
