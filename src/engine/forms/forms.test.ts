// Answers of random tokens that a form allows: every one is of the form. The judge of schemas is ajv.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { openTokenizer } from '../../formats/checkpoint/open';
import { filesOf, TALES, TALES_CHAT } from '../../testing/fixtures';
import { createTokenizer } from '../../tokenizer/index';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { randomNumbers, randomWholeSchema } from '../testing/random-schema';
import { formGrammar } from './form-grammar';
import { Grammars } from './grammar';
import type { JsonSchema, ResponseFormat } from './response-format';

/** How many random schemas; `PRONK_SCHEMAS` asks for more. */
const SCHEMAS = Number(process.env['PRONK_SCHEMAS'] ?? (process.env['PRONK_LONG'] ? 1000 : 40));

const tokenizers = {
  SentencePiece: createTokenizer(await openTokenizer(filesOf(TALES, ['config.json', 'tokenizer.model']))),
  'byte-level': createTokenizer(
    await openTokenizer(filesOf(TALES_CHAT, ['config.json', 'tokenizer.json', 'tokenizer_config.json'])),
  ),
};

/** Whether a calendar has such a day. */
function isDate(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** An answer of random ids that the form allows, the end as soon as it may come or, half of the time, later. */
async function answer(grammars: Grammars, { eosIds, stream }: Tokenizer, grammar: string, next: () => number) {
  const guide = await grammars.guide(grammar);
  const decoder = stream({ continuation: true });
  let text = '';
  for (let tokens = 0; tokens < 3000; tokens++) {
    const { allowed = new Uint32Array(0) } = (await guide.next()) ?? {};
    const ids: number[] = [];
    allowed.forEach((word, i) => {
      for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) ids.push(32 * i + bit);
    });
    const end = ids.find((id) => eosIds.includes(id));
    // after a while the shortest way out: quotes and brackets have low ids, and a choice of few ends sooner
    const id = end !== undefined && (next() < 0.5 || tokens > 300) ? end : ids[Math.floor(next() * ids.length)];
    guide.accept(id);
    if (eosIds.includes(id)) {
      guide.end();
      return text + decoder.flush();
    }
    text += decoder.push(id);
  }
  throw new Error(`No end: ${text.slice(0, 200)}`);
}

const schemaFormat = (schema: JsonSchema): ResponseFormat => ({ type: 'json_schema', json_schema: { schema } });

for (const [kind, tokenizer] of Object.entries(tokenizers)) {
  describe(kind, () => {
    const grammars = new Grammars(tokenizer, tokenizer.vocabSize + 5);
    const ajv = new Ajv2020({
      strict: false,
      formats: { date: isDate },
    });

    test(`${SCHEMAS} random schemas: each answer is JSON that its schema accepts`, { timeout: 600_000 }, async () => {
      let refused = 0;
      for (let seed = 1; seed <= SCHEMAS; seed++) {
        const schema = randomWholeSchema(seed);
        const grammar = formGrammar(schemaFormat(schema)) ?? '';
        const accepts = ajv.compile(schema);
        const text = await answer(grammars, tokenizer, grammar, randomNumbers(seed));
        const told = () => `schema ${seed}: ${JSON.stringify(schema)} gave ${text}`;
        expect(() => JSON.parse(text) as unknown, told()).not.toThrow();
        expect(accepts(JSON.parse(text)), told()).toBe(true);
        // another schema is not satisfied by chance alone
        if (!ajv.validate(randomWholeSchema(seed + 1), JSON.parse(text))) refused++;
      }
      expect(refused).toBeGreaterThan(SCHEMAS / 4);
    });

    test('an object, a pattern, one of several texts', async () => {
      for (let seed = 1; seed <= 5; seed++) {
        const next = randomNumbers(seed);
        const of = (format: ResponseFormat) => answer(grammars, tokenizer, formGrammar(format) ?? '', next);
        expect(await of({ type: 'regex', pattern: '[A-Z]{2}-\\d+(?: größer| 😀)?\\n' })).toMatch(
          /^[A-Z]{2}-\d+(?: größer| 😀)?\n$/u,
        );
        const choices = ['yes', 'no', 'yes and "no"', 'größer\\'];
        expect(choices).toContain(await of({ type: 'choice', choices }));
      }
    });

    test('the end of text is allowed where the form is whole, and nowhere else', async () => {
      const guide = await grammars.guide(formGrammar({ type: 'regex', pattern: 'ab?' }) ?? '');
      const may = async (id: number) => (((await guide.next())?.allowed?.[id >> 5] ?? 0) >>> (id & 31)) & 1;
      const [a] = tokenizer.encode('a', { continuation: true });
      const [b] = tokenizer.encode('b', { continuation: true });
      const [end] = tokenizer.eosIds;
      expect([await may(a), await may(b), await may(end), await may(tokenizer.bosId ?? 0)]).toEqual([1, 0, 0, 0]);
      guide.accept(a);
      expect([await may(a), await may(b), await may(end)]).toEqual([0, 1, 1]);
      expect(() => guide.accept(a)).toThrow('does not have the form');
      guide.accept(end);
      expect(await guide.next()).toBeUndefined();
    });
  });
}
