// Answers in a form, logarithms, penalties and biases, of a trained model on a device.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesSource } from '../../core/source';
import { findAdapter } from '../../headless/dawn';
import { modelFiles } from '../../headless/node-store/files';
import { openAdapter } from '../../gpu/device';
import { adjust } from '../../ops/sample/adjust';
import { logprobs } from '../../ops/sample/logprobs';
import { GREEDY } from '../../ops/sample/sampling';
import { memoryStore } from '../../storage/memory';
import { TALES, TALES_CHAT } from '../../testing/fixtures';
import type { GeneratedToken } from '../generation/generate';
import { createEngine, type Engine, type EngineRequest } from '../index';
import { randomWholeSchema } from '../testing/random-schema';
import { storeModel } from '../testing/stored';

/** Number of random schemas; `PRONK_SCHEMAS` asks for more. */
const SCHEMAS = Number(process.env['PRONK_SCHEMAS'] ?? (process.env['PRONK_LONG'] ? 1000 : 6));

describe('answers', () => {
  let engine: Engine;
  let model: string;
  beforeAll(async () => {
    engine = createEngine({ store: memoryStore(), gpu: async () => openAdapter(await findAdapter()) });
    model = await storeModel(engine, await modelFiles(TALES));
  });

  const WARM = { ...GREEDY, temperature: 1, seed: 5 };
  const ask = async (more: Partial<EngineRequest>) => {
    const request = { model, prompt: { kind: 'raw', text: 'Once' }, sampling: GREEDY, maxTokens: 24, ...more } as const;
    const tokens = engine.generate(request);
    const told: GeneratedToken[] = [];
    for (;;) {
      const next = await tokens.next();
      if (next.done) return { ...next.value, told, ids: told.map(({ token }) => token) };
      told.push(next.value);
    }
  };
  /** Logits behind each of the ids that were generated. */
  const logitsBehind = async (ids: readonly number[]) => {
    const tokenizer = await engine.tokenizer(model);
    const prompt = [tokenizer.bosId ?? 0, ...tokenizer.encode('Once')];
    const all = await engine.logits(model, [...prompt, ...ids]);
    const width = all.length / (prompt.length + ids.length);
    return { prompt, of: (i: number) => all.subarray((prompt.length - 1 + i) * width, (prompt.length + i) * width) };
  };

  test('logarithms are the model’s own, and the text is the same with them', async () => {
    const penalised = { sampling: { ...WARM, topK: 40 }, adjustments: { presencePenalty: 0.5 } };
    for (const more of [{ sampling: WARM }, penalised]) {
      const plain = await ask(more);
      const scored = await ask({ ...more, topLogprobs: 5 });
      expect(scored.ids).toEqual(plain.ids);
      expect(plain.told.every((token) => token.logprobs === undefined)).toBe(true);
      const { of } = await logitsBehind(scored.ids);
      for (const [i, { token, logprobs: told }] of scored.told.entries()) {
        const expected = logprobs.reference(of(i), token, 5);
        expect(told?.logprob).toBeCloseTo(expected.logprob, 3);
        expect(told?.top.map(({ id }) => id)).toEqual(expected.top.map(({ id }) => id));
        if (i > 0) expect(told?.logprob).not.toBeCloseTo(logprobs.reference(of(i - 1), token, 5).logprob, 4);
      }
      expect(scored.told.map(({ logprobs: told }) => told?.text).join('')).toBe(scored.text);
    }
  });

  test('presence, frequency and repetition penalties and biases, as their formulas say', async () => {
    const adjustments = { presencePenalty: 3, frequencyPenalty: 4, logitBias: { 300: 3, 301: -100 } };
    const sampling = { ...GREEDY, repetitionPenalty: 1.1 };
    const { ids } = await ask({ sampling, adjustments, maxTokens: 60 });
    const { prompt, of } = await logitsBehind(ids);
    const likeliest = (i: number, changed: Partial<typeof adjustments>) => {
      const counts = new Map<number, number>();
      for (const id of ids.slice(0, i)) counts.set(id, (counts.get(id) ?? 0) + 1);
      const seen = new Set([...prompt, ...ids.slice(0, i)]);
      const logits = adjust.reference(of(i), 1.1, { ...adjustments, ...changed }, { seen, counts });
      return logits.indexOf(Math.max(...logits));
    };
    const path = (changed: Partial<typeof adjustments>) => ids.map((_, i) => likeliest(i, changed));
    expect(ids).toEqual(path({}));
    expect(ids).not.toEqual(path({ frequencyPenalty: 0 }));
    expect(ids).not.toEqual(path({ presencePenalty: 0 }));
    expect(ids).not.toEqual((await ask({ sampling, maxTokens: 60 })).ids);
    // counted over an answer that is gone on with, too
    const begun = ids.slice(0, 9);
    const more = await ask({ sampling, adjustments, begun, maxTokens: 51 });
    expect(more.ids).toEqual(ids);
    // one id is forced again and again, until a repeat of it costs more
    const forced = { adjustments: { logitBias: { 77: 100 } } };
    expect((await ask(forced)).ids).toEqual(Array<number>(24).fill(77));
    const dry = { multiplier: 30, base: 2, allowedLength: 2 };
    const { ids: kept } = await ask({ ...forced, dry });
    expect(kept.slice(0, 3)).toEqual([77, 77, 77]);
    expect(kept.slice(0, 9).every((id) => id === 77)).toBe(false);
    await expect(ask({ adjustments: { logitBias: { 99999: 1 } } })).rejects.toMatchObject({ code: 'bad-token' });
  });

  test(`${SCHEMAS} random schemas at temperature 1`, { timeout: 1_200_000 }, async () => {
    const ajv = new Ajv2020({ strict: false, formats: { date: true } });
    const ends = { stop: 0, length: 0, abort: 0 };
    for (let seed = 1; seed <= SCHEMAS; seed++) {
      const schema = randomWholeSchema(seed);
      const responseFormat = { type: 'json_schema', json_schema: { schema } } as const;
      const { text, finish } = await ask({ responseFormat, sampling: { ...WARM, seed }, maxTokens: 900 });
      ends[finish]++;
      if (finish === 'length') continue;
      expect(ajv.validate(schema, JSON.parse(text)), `${seed}: ${text}`).toBe(true);
    }
    expect(ends.stop).toBeGreaterThan(0.95 * SCHEMAS);
  });

  test('one of several texts, a beginning that has the form and one that has not, and an answer that is cut off', async () => {
    const choices = ['a dog', 'a cat', 'a dog and a cat'];
    const responseFormat = { type: 'choice', choices } as const;
    const { text, finish } = await ask({ responseFormat, sampling: WARM });
    expect(choices).toContain(text);
    expect(finish).toBe('stop');
    const goneOn = await ask({ responseFormat, begun: 'a cat' });
    expect(goneOn.text).toBe('a cat');
    await expect(ask({ responseFormat, begun: 'a horse' })).rejects.toMatchObject({ code: 'bad-form' });
    expect((await ask({ responseFormat, begun: 'a d' })).text).toMatch(/^a dog/);
    expect(await ask({ responseFormat, maxTokens: 1 })).toMatchObject({ finish: 'length', completionTokens: 1 });
    // the same request without a form is another text, and the cache is right behind one with
    const plain = await ask({});
    expect(plain.text).not.toBe(text);
    expect((await ask({ topLogprobs: 0 })).text).toBe(plain.text);
  });

  test('tools: a call that must be written is one, and what is said is told from it', async () => {
    const config = JSON.parse(readFileSync(`${TALES_CHAT}/tokenizer_config.json`, 'utf8')) as object;
    const template =
      '{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}<tool_call>';
    const files = (await modelFiles(TALES_CHAT)).map((file) =>
      file.name.endsWith('tokenizer_config.json')
        ? bytesSource(new TextEncoder().encode(JSON.stringify({ ...config, chat_template: template })), file.name)
        : file,
    );
    const caller = await storeModel(engine, files);
    const parameters = {
      type: 'object',
      properties: { at: { $ref: '#/$defs/place' }, days: { type: 'integer', minimum: 1, maximum: 9 } },
      required: ['at', 'days'],
      $defs: { place: { enum: ['Rome', 'Lima'] } },
    };
    const tools = [
      { type: 'function', function: { name: 'weather', parameters } },
      { type: 'function', function: { name: 'now' } },
    ] as const;
    const ajv = new Ajv2020({ strict: false });
    const request = {
      model: caller,
      messages: [{ role: 'user', content: 'Hi' }],
      tools,
      tool_choice: { type: 'function', function: { name: 'weather' } },
      max_tokens: 200,
    } as const;
    for (const seed of [1, 2, 3]) {
      const { choices } = await engine.chat.completions.create({ ...request, seed });
      const [{ message, finish_reason }] = choices;
      expect(finish_reason).toBe('tool_calls');
      expect(message.content).toBeNull();
      const [call] = message.tool_calls ?? [];
      expect(call.function.name).toBe('weather');
      expect(ajv.validate(parameters, JSON.parse(call.function.arguments)), call.function.arguments).toBe(true);
    }
    const required = await engine.chat.completions.create({ ...request, tool_choice: 'required', seed: 4 });
    expect(['weather', 'now']).toContain(required.choices[0].message.tool_calls?.[0].function.name);
    const free = await engine.chat.completions.create({ ...request, tool_choice: 'auto', max_tokens: 8, seed: 4 });
    expect(free.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: expect.any(String) } });
    expect(free.choices[0].message.tool_calls).toBeUndefined();
    let finish: string | null = null;
    const streamed: string[] = [];
    for await (const { choices } of await engine.chat.completions.create({ ...request, seed: 1, stream: true })) {
      streamed.push(...(choices[0].delta.tool_calls?.map((call) => call.function.name) ?? []));
      finish = choices[0].finish_reason;
    }
    expect([streamed, finish]).toEqual([['weather'], 'tool_calls']);
    await expect(engine.chat.completions.create({ ...request, model })).rejects.toThrow('knows no tools');
    const nowhere = { type: 'function', function: { name: 'nowhere' } } as const;
    await expect(engine.chat.completions.create({ ...request, tool_choice: nowhere })).rejects.toThrow(
      'none of the tools',
    );
  });

  test('a beam search, and what it cannot go with', async () => {
    const { text, completionTokens, firstTokenMs, tokensPerSecond } = await ask({ maxTokens: 12, beams: { beams: 3 } });
    // the tokens of a beam search come all at once, in the time of the whole search
    expect(tokensPerSecond).toBeGreaterThan(0);
    expect(tokensPerSecond).toBeLessThanOrEqual((completionTokens * 1000) / firstTokenMs);
    const tokenizer = await engine.tokenizer(model);
    const ids = [tokenizer.bosId ?? 0, ...tokenizer.encode('Once')];
    const { session } = await engine.load(model);
    const found = await session.searchBeams(ids, 12, new Set(tokenizer.eosIds), { beams: 3 });
    expect(tokenizer.decode([...ids, ...(found?.ids ?? [])])).toBe(`Once${text}`);
    for (const wrong of [{ sampling: WARM }, { topLogprobs: 1 }, { adjustments: { presencePenalty: 1 } }]) {
      await expect(ask({ ...wrong, beams: { beams: 2 } })).rejects.toMatchObject({ code: 'bad-request' });
    }
    await expect(ask({ beams: { beams: 5 } })).rejects.toThrow('beams takes a whole number from 0 to 4, not 5.');
    // one beam is what greedy decoding gives
    expect((await ask({ beams: { beams: 1 } })).text).toBe((await ask({})).text);
  });

  test('in OpenAI’s shape, whole and streamed', async () => {
    const request = {
      model,
      messages: [{ role: 'user', content: 'Once' }],
      response_format: { type: 'regex', pattern: '[a-c]{3} [x-z]' },
      logprobs: true,
      top_logprobs: 2,
      seed: 3,
      max_tokens: 30,
    } as const;
    const whole = await engine.chat.completions.create(request);
    const [{ message, logprobs: told, finish_reason }] = whole.choices;
    expect(message.content).toMatch(/^[a-c]{3} [x-z]$/);
    expect(finish_reason).toBe('stop');
    expect(told?.content.map(({ token }) => token).join('')).toBe(message.content);
    expect(told?.content[0].top_logprobs.length).toBe(2);
    let text = '';
    const tokens: string[] = [];
    for await (const { choices } of await engine.chat.completions.create({ ...request, stream: true })) {
      text += choices[0].delta.content ?? '';
      tokens.push(...(choices[0].logprobs?.content.map(({ token }) => token) ?? []));
    }
    expect(text).toBe(message.content);
    expect(tokens.join('')).toBe(text);
    for (const wrong of [{ presence_penalty: 3 }, { logit_bias: { a: 1 } }, { top_logprobs: 21 }]) {
      await expect(engine.chat.completions.create({ ...request, ...wrong })).rejects.toMatchObject({
        code: 'bad-request',
      });
    }
    const schema = { type: 'object', properties: { age: { type: 'int' } } };
    const refused = { ...request, response_format: { type: 'json_schema', json_schema: { schema } } } as const;
    await expect(engine.chat.completions.create(refused)).rejects.toThrow('#/properties/age/type: "int" is no type');
  });
});
