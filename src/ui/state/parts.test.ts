import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { formatBytes, formatCount, formatRate, formatSeconds, formatStage } from './format';
import { groupFiles } from './library';
import { createSaver, takeLeftovers } from './saver';
import { parseSettings, presets } from './settings';
import { parseTemplate, problemWith } from './templates';
import { stopsOf } from './instruct';

const storage = new Map<string, string>();
beforeEach(() => {
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.set(key, value),
    removeItem: (key: string) => void storage.delete(key),
  });
});
afterEach(() => {
  storage.clear();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const file = (name: string) => new File(['x'], name);
const names = (files: readonly string[]) => groupFiles(files.map(file)).map((group) => group.map(({ name }) => name));

describe('files that were dropped together', () => {
  test('each GGUF file is a model', () => {
    expect(names(['a.gguf', 'b.gguf', 'README.md'])).toEqual([['a.gguf'], ['b.gguf']]);
  });

  test('splits are one model', () => {
    const splits = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'];
    expect(names([...splits, 'b.gguf'])).toEqual([splits, ['b.gguf']]);
  });

  test('a folder is one model, with a GGUF that lies in it', () => {
    const folder = ['llama/config.json', 'llama/model.safetensors', 'llama/tokenizer.json', 'llama/llama.gguf'];
    expect(names(folder)).toEqual([folder]);
  });

  test('what holds no model is handed over as it is, to be refused with a sentence', () => {
    expect(names(['notes.txt'])).toEqual([['notes.txt']]);
  });
});

describe('saving', () => {
  const record = (id: string, updatedAt: number) => ({ id, updatedAt });

  function saver(put = vi.fn(async () => {})) {
    const listeners: (() => void)[] = [];
    vi.stubGlobal('addEventListener', (_: string, listener: () => void) => listeners.push(listener));
    vi.useFakeTimers();
    const made = createSaver({
      read: (id) => record(id, 7),
      put,
      remove: async () => {},
      onError: () => {},
      leftover: 'left',
    });
    return { made, put, close: () => listeners.forEach((listener) => listener()) };
  }

  test('many changes are one write', async () => {
    const { made, put } = saver();
    for (let i = 0; i < 50; i++) made.schedule('a');
    await vi.advanceTimersByTimeAsync(500);
    expect(put).toHaveBeenCalledTimes(1);
  });

  test('steady changes are written all along, not only at their end', async () => {
    const { made, put } = saver();
    for (let i = 0; i < 100; i++) {
      made.schedule('a');
      await vi.advanceTimersByTimeAsync(33);
    }
    expect(put.mock.calls.length).toBeGreaterThan(5);
  });

  test('a page that closes leaves what was not written yet, and the next visit takes it', () => {
    const { made, close } = saver();
    made.schedule('a');
    close();
    const { records, newer } = takeLeftovers('left', [record('a', 3), record('b', 1)]);
    expect(newer).toEqual([record('a', 7)]);
    expect(records).toEqual([record('a', 7), record('b', 1)]);
    expect(takeLeftovers('left', []).records).toEqual([]);
  });

  test('a write that was under way is left too, and an older state never wins', () => {
    const { made, close } = saver(vi.fn(() => new Promise<void>(() => {})));
    made.schedule('a');
    vi.advanceTimersByTime(500);
    close();
    expect(takeLeftovers('left', [record('a', 9)])).toEqual({ records: [record('a', 9)], newer: [] });
  });

  test('a page that closes with all written leaves nothing', async () => {
    const { made, close } = saver();
    made.schedule('a');
    await vi.advanceTimersByTimeAsync(500);
    close();
    expect(storage.size).toBe(0);
  });
});

describe('settings', () => {
  test('what was stored comes back; what is broken falls back', () => {
    const stored = { ...presets[2].values, seed: 5 };
    expect(parseSettings(stored)).toEqual(stored);
    expect(parseSettings({ temperature: 'hot', topK: 1e9, seed: 0.5 })).toMatchObject({
      temperature: presets[0].values.temperature,
      topK: 200,
      seed: null,
    });
    expect(parseSettings(null)).toBeUndefined();
  });

  test('every preset can be set with the controls', () => {
    for (const { values } of presets) expect(parseSettings({ ...values, seed: null })).toMatchObject(values);
  });
});

describe('templates', () => {
  const legacy = {
    description: 'd',
    prompt_input: '{instruction} {input}',
    prompt_no_input: '{instruction}',
    response_split: '### Response:',
  };

  test('alpaca-lora’s files are read; they have no name of their own', () => {
    expect(parseTemplate(legacy, 'short')).toEqual({ name: 'short', ...legacy });
    expect(parseTemplate({ ...legacy, prompt_input: 3 })).toBeUndefined();
  });

  test('what a template lacks is said', () => {
    const template = { name: 't', ...legacy };
    expect(problemWith(template)).toBeUndefined();
    expect(problemWith({ ...template, name: ' ' })).toMatch(/name/);
    expect(problemWith({ ...template, prompt_no_input: 'x' })).toMatch(/\{instruction\}/);
    expect(problemWith({ ...template, prompt_input: '{instruction}' })).toMatch(/\{input\}/);
  });

  test('an answer ends where the model begins the next turn', () => {
    expect(stopsOf({ name: 't', ...legacy })).toEqual(['\n### Instruction:', '\n### Response:']);
    expect(stopsOf({ name: 't', ...legacy, response_split: ' ' })).toEqual(['\n### Instruction:']);
  });
});

test('numbers are read by people', () => {
  expect([0, 999, 999_600, 6_655_000, 3_640_000_000].map(formatBytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1 MB',
    '6.66 MB',
    '3.64 GB',
  ]);
  expect([812, 260_000, 7_100_000, 6_740_000_000].map(formatCount)).toEqual(['812', '260k', '7.1M', '6.7B']);
  expect([312, 1600, 90_000, 4_000_000].map(formatSeconds)).toEqual(['312 ms', '1.6 s', '2 min', '1 h 7 min']);
  expect([3.14159, 92.4, 1234].map(formatRate)).toEqual(['3.1 tokens/s', '92 tokens/s', '1234 tokens/s']);
  expect(formatStage({ stage: 'Loading', done: 43, total: 100 })).toBe('Loading 43 %');
  expect(formatStage({ stage: 'Compiling', done: 9, total: 9 })).toBe('Compiling');
});
