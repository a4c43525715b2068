// Random JSON schemas of every kind that a form holds to: nested objects and arrays, enums, bounds, anyOf. Each has an end, so that
// an answer of random tokens comes to it.

/** A sequence of numbers in [0, 1) by its seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = ['name', 'age', 'is_open', 'tags', 'größe', 'a "b"', 'x/y~z', 'mood', '日本', 'n\tm'];
const PATTERNS = [
  '^[a-z]{1,5}$',
  '^\\d{3}-\\d{2}$',
  '^(red|"green"|\\\\blue)$',
  '^[^ ]{2,4}$',
  '^.$',
  '^\\w+(?: \\w{1,3}){0,2}$',
];

export function randomSchema(next: () => number, depth = 3): Record<string, unknown> {
  const whole = (most: number) => Math.floor(next() * (most + 1));
  const pick = <T>(from: readonly T[]): T => from[whole(from.length - 1)];
  const kinds = ['integer', 'number', 'string', 'length', 'pattern', 'boolean', 'null', 'enum', 'const', 'date'];
  if (depth > 0) kinds.push('object', 'object', 'object', 'array', 'array', 'tuple', 'anyOf', 'types', 'ref', 'map');
  const kind = pick(kinds);
  const bounds = (unit: number) => {
    const low = Math.round((next() - 0.6) * 2000) * unit;
    const high = low + whole(1500) * unit + 3 * unit;
    const round = (value: number) => Number(value.toFixed(4));
    return {
      ...(next() < 0.7 && { [pick(['minimum', 'exclusiveMinimum'])]: round(low) }),
      ...(next() < 0.7 && { [pick(['maximum', 'exclusiveMaximum'])]: round(high) }),
    };
  };
  switch (kind) {
    case 'integer':
      return { type: 'integer', ...bounds(pick([0.5, 1, 100])) };
    case 'number':
      return { type: 'number', ...bounds(pick([0.001, 0.25, 1, 50])) };
    case 'string':
      return { type: 'string', maxLength: whole(12) };
    case 'length': {
      const minLength = whole(4);
      return { type: 'string', minLength, maxLength: minLength + whole(5) };
    }
    case 'pattern':
      return { type: 'string', pattern: pick(PATTERNS) };
    case 'date':
      return { type: 'string', format: 'date' };
    case 'enum':
      return { enum: [pick(WORDS), whole(9), null, { deep: [1.5, pick(WORDS)] }, ''].slice(0, 2 + whole(3)) };
    case 'const':
      return { const: pick<unknown>([true, -3.25, 'ja\n', [], { a: {} }]) };
    case 'object': {
      const names = WORDS.filter(() => next() < 0.35);
      const properties = Object.fromEntries(names.map((name) => [name, randomSchema(next, depth - 1)]));
      const required = names.filter(() => next() < 0.6);
      return { type: 'object', properties, required, ...(next() < 0.5 && { additionalProperties: false }) };
    }
    case 'map':
      return { type: 'object', additionalProperties: { type: 'boolean' } };
    case 'array': {
      const minItems = whole(2);
      return { type: 'array', items: randomSchema(next, depth - 1), minItems, maxItems: minItems + whole(2) };
    }
    case 'tuple': {
      const prefixItems = Array.from({ length: 1 + whole(2) }, () => randomSchema(next, depth - 1));
      const items = next() < 0.5 ? false : randomSchema(next, depth - 1);
      return {
        type: 'array',
        prefixItems,
        items,
        minItems: whole(prefixItems.length),
        maxItems: prefixItems.length + whole(1),
      };
    }
    case 'anyOf':
      return {
        anyOf: Array.from({ length: 2 + whole(2) }, () => randomSchema(next, depth - 1)),
        description: 'one of these',
      };
    case 'types':
      return { type: ['null', 'integer', 'boolean'].slice(whole(1)), maximum: 40, minimum: -40 };
    case 'ref':
      return { $ref: '#/$defs/shared' };
    default:
      return { type: kind };
  }
}

/** A whole schema with what its references lead to. */
export function randomWholeSchema(seed: number): Record<string, unknown> {
  const next = randomNumbers(seed);
  const shared = {
    type: 'object',
    properties: {
      id: { type: 'integer', minimum: 1, maximum: 999 },
      list: { type: 'array', items: { type: 'null' }, maxItems: 2 },
    },
    required: ['id'],
  };
  return { ...randomSchema(next), $defs: { shared } };
}
