// The engine whole, on a trained model: import, load, generate, stop, lose the device, go on.
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesSource } from '../core/source';
import { findAdapter } from '../headless/dawn';
import { modelFiles } from '../headless/node-store/files';
import { type Gpu, openAdapter } from '../gpu/device';
import { GREEDY } from '../ops/sample/sampling';
import { memoryStore } from '../storage/memory';
import { createEngine, type Engine, type EngineRequest } from './index';
import { storeModel } from './testing/stored';
import { TALES, talesGolden } from '../testing/fixtures';

describe('engine', () => {
  const golden = talesGolden();
  let engine: Engine;
  let model: string;
  let opened: Gpu[] = [];
  let lost: string[] = [];

  beforeAll(async () => {
    engine = createEngine({
      store: memoryStore(),
      gpu: async () => {
        const gpu = await openAdapter(await findAdapter());
        opened.push(gpu);
        return gpu;
      },
      onDeviceLost: (message) => lost.push(message),
    });
    model = await storeModel(engine, await modelFiles(TALES));
  });

  const request = (more: Partial<EngineRequest> = {}): EngineRequest => ({
    model,
    prompt: { kind: 'raw', text: '' },
    sampling: GREEDY,
    maxTokens: golden.ids.length,
    ...more,
  });
  const collect = async (tokens: ReturnType<Engine['generate']>) => {
    let text = '';
    for (;;) {
      const next = await tokens.next();
      if (next.done) return { ...next.value, streamed: text };
      text += next.value.text;
    }
  };

  test('the golden text, from the store, streamed as it is returned', async () => {
    const [summary] = await engine.models.list();
    expect(summary).toMatchObject({ name: 'tales', vocabSize: 512, quantization: 'f32' });
    const result = await collect(engine.generate(request()));
    expect(result.text).toBe(golden.text);
    expect(result.streamed).toBe(result.text);
    expect(result).toMatchObject({
      finish: 'length',
      promptTokens: 1,
      completionTokens: golden.ids.length,
      droppedMessages: 0,
    });
  });

  test('a stop string ends it, and stays out', async () => {
    const result = await collect(engine.generate(request({ stop: [' willow.'] })));
    expect(result).toMatchObject({ finish: 'stop', text: golden.text.slice(0, golden.text.indexOf(' willow.')) });
  });

  test('a signal ends it, and the text so far is kept', async () => {
    const controller = new AbortController();
    const tokens = engine.generate(request({ signal: controller.signal }));
    for (let i = 0; i < 10; i++) await tokens.next();
    controller.abort();
    const result = await collect(tokens);
    expect(result.finish).toBe('abort');
    expect(golden.text.startsWith(result.text)).toBe(true);
    expect(result.completionTokens).toBeLessThan(20);
  });

  test('one seed, one text; another seed, another', async () => {
    const sampling = { ...GREEDY, temperature: 1, topK: 40, topP: 0.9, seed: 7 };
    const once = await collect(engine.generate(request({ sampling, maxTokens: 40 })));
    const again = await collect(engine.generate(request({ sampling, maxTokens: 40 })));
    const other = await collect(engine.generate(request({ sampling: { ...sampling, seed: 8 }, maxTokens: 40 })));
    expect(again.text).toBe(once.text);
    expect(other.text).not.toBe(once.text);
  });

  test('an answer that reached its limit goes on as one without a limit', async () => {
    const sampling = { ...GREEDY, temperature: 1, topK: 40, topP: 0.9, repetitionPenalty: 1.2, seed: 11 };
    const run = async (more: Partial<EngineRequest>) => {
      const ids: number[] = [];
      const again: number[] = [];
      const tokens = engine.generate(request({ sampling, ...more }));
      for (;;) {
        const next = await tokens.next();
        if (next.done) return { ...next.value, ids, again };
        ids.push(next.value.token);
        if (next.value.again) again.push(next.value.token);
      }
    };
    const whole = await run({ maxTokens: 60 });
    const half = await run({ maxTokens: 30 });
    expect(half.finish).toBe('length');
    expect(half.ids).toEqual(whole.ids.slice(0, 30));
    // something else is asked meanwhile, so that nothing of it is left on the device
    await run({ prompt: { kind: 'raw', text: 'The dog' }, maxTokens: 5 });
    const both = await run({ maxTokens: 30, begun: half.ids });
    expect(both).toMatchObject({
      again: half.ids,
      ids: whole.ids,
      text: whole.text,
      completionTokens: 60,
      promptTokens: 1,
    });
    // without their place in the text the random numbers would begin anew
    const text = await run({ maxTokens: 30, begun: half.text });
    expect(text.text.startsWith(half.text)).toBe(true);
    expect(text.text.length).toBeGreaterThan(half.text.length);
  });

  test('what two prompts share is read once', async () => {
    const raw = (text: string) => request({ prompt: { kind: 'raw', text }, maxTokens: 2 });
    await collect(engine.generate(raw('Once upon a time, there was a dog')));
    const result = await collect(engine.generate(raw('Once upon a time, there was a cat')));
    expect(result.cachedTokens).toBeGreaterThan(4);
    expect(result.cachedTokens).toBeLessThan(result.promptTokens);
  });

  test('a lost device is opened anew, and the text goes on where it was', async () => {
    const tokens = engine.generate(request());
    let text = '';
    for (let i = 0; i < 40; i++) text += (await tokens.next()).value!.text;
    opened.at(-1)!.device.destroy();
    const result = await collect(tokens);
    expect(text + result.streamed).toBe(golden.text);
    expect(opened.length).toBe(2);
    expect(lost.length).toBe(1);
  });

  test('precision and context stay as they were chosen: for a question, after a lost device, until others are', async () => {
    const loaded = await engine.load(model, { precision: 'int8', context: 128 });
    const short = request({ maxTokens: 3 });
    await collect(engine.generate(short));
    expect(await engine.load(model)).toBe(loaded);
    const [rounded, before] = [(await engine.memory())['cache']!, opened.length];
    opened.at(-1)!.device.destroy();
    await collect(engine.generate(short));
    expect(opened.length).toBe(before + 1);
    const { precision, cache } = (await engine.load(model)).session.target;
    expect([precision, cache, (await engine.memory())['cache']]).toEqual(['int8', 'q8', rounded]);
    const automatic = (await engine.load(model, { precision: 'automatic' })).session;
    expect([automatic.target.precision, automatic.context]).toEqual([opened.at(-1)!.software ? 'exact' : 'fast', 128]);
    expect((await engine.memory())['cache']).toBeGreaterThan(rounded);
    await engine.load(model, { context: 512 });
  });

  test('chat completions in OpenAI’s shape, whole and streamed', async () => {
    const messages = [{ role: 'user', content: 'Hello' }] as const;
    const whole = await engine.chat.completions.create({ model, messages, temperature: 0, max_tokens: 12 });
    expect(whole.object).toBe('chat.completion');
    expect(whole.choices[0].finish_reason).toBe('length');
    expect(whole.usage.completion_tokens).toBe(12);
    const chunks = [];
    for await (const chunk of await engine.chat.completions.create({
      model,
      messages,
      temperature: 0,
      max_tokens: 12,
      stream: true,
    })) {
      chunks.push(chunk.choices[0]);
    }
    expect(chunks[0].delta.role).toBe('assistant');
    expect(chunks.map(({ delta }) => delta.content ?? '').join('')).toBe(whole.choices[0].message.content);
    expect(chunks.at(-1)!.finish_reason).toBe('length');
  });

  test('a thought is closed by its budget, streamed apart, and left to the template afterwards', async () => {
    const template = `{% for m in messages %}{{ m.role }}: {{ m.reasoning_content }}{{ m.content }}\n{% endfor %}assistant: {% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}`;
    const files = await modelFiles(TALES);
    const thinker = await storeModel(engine, [
      ...files.filter(({ name }) => !name.includes('chat_template')),
      bytesSource(new TextEncoder().encode(template), 'tales/chat_template.jinja'),
    ]);
    const messages = [{ role: 'user', content: 'A story' }] as const;
    const ask = { model: thinker, messages, temperature: 0, max_tokens: 10 } as const;
    const whole = await engine.chat.completions.create({ ...ask, thinking_budget: 8 });
    const [{ message, finish_reason }] = whole.choices;
    expect(message.reasoning_content).toMatch(/\w/);
    expect(message.content).toMatch(/\w/);
    expect(finish_reason).toBe('length');
    const { completion_tokens, completion_tokens_details: details } = whole.usage;
    // its own tokens and those that close it, and then the answer's
    expect(details.reasoning_tokens).toBeGreaterThan(8);
    expect(completion_tokens - details.reasoning_tokens).toBe(10);
    const chunks = [];
    for await (const chunk of await engine.chat.completions.create({ ...ask, thinking_budget: 8, stream: true })) {
      chunks.push(chunk.choices[0].delta);
    }
    expect(chunks.map((each) => each.reasoning_content ?? '').join('')).toBe(message.reasoning_content);
    expect(chunks.map((each) => each.content ?? '').join('')).toBe(message.content);
    const off = await engine.chat.completions.create({ ...ask, enable_thinking: false });
    expect(off.choices[0].message).not.toHaveProperty('reasoning_content');
    // stopped within the thought and gone on with, it is the same
    const prompt = { kind: 'chat', messages } as const;
    const chat = { ...request({ model: thinker, prompt }), thinkingBudget: 8, maxTokens: 10 };
    const ids: number[] = [];
    const tokens = engine.generate(chat);
    while (ids.length < 5) {
      const next = await tokens.next();
      if (!next.done) ids.push(next.value.token);
    }
    await tokens.return(undefined as never);
    const rest = await collect(engine.generate({ ...chat, begun: ids }));
    expect(rest).toMatchObject({ reasoning: message.reasoning_content, text: message.content });
    await engine.remove(thinker);
  });

  test('a model that is not there is named', async () => {
    await expect(engine.generate(request({ model: 'nowhere' })).next()).rejects.toMatchObject({
      code: 'missing-model',
    });
    // the engine goes on
    expect((await collect(engine.generate(request({ maxTokens: 3 })))).completionTokens).toBe(3);
    opened = [];
    lost = [];
    await engine.close();
  });
});
