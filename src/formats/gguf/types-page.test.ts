// The table of GGUF's types in docs/run-your-own-model.md, by what the code does with each.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codeBytes, type ElementType, scalesPerRow } from '../../core/weight-kinds';
import { elementTypeOf, GGML_ELEMENTS, roundsScales, storedKind } from '../../quant/elements';

/** Bits a weight where it is stored, over rows that are whole blocks of any kind. */
function bits(type: ElementType): number {
  const kind = storedKind(type);
  return (8 * codeBytes(kind, 256) + 16 * scalesPerRow(kind, 256)) / 256;
}

function kept(type: ElementType): string {
  if (type === 'F64') return 'rounded to F32';
  if (roundsScales(type)) return 'codes as they are, scales rounded to 16 bits';
  return elementTypeOf(storedKind(type)) === type ? 'bit for bit, and written again' : 'every value exactly';
}

test('the guide’s table of types is what the code does', () => {
  const rows = new Map<string, string[]>();
  for (const type of GGML_ELEMENTS) {
    const end = `| ${bits(type)} | ${kept(type)} |`;
    rows.set(end, [...(rows.get(end) ?? []), type]);
  }
  const table = Array.from(rows, ([end, types]) => `| ${types.join(', ')} ${end}`).join('\n');
  expect(readFileSync('docs/run-your-own-model.md', 'utf8')).toContain(table);
});
