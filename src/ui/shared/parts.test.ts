import { afterEach, describe, expect, test, vi } from 'vitest';
import { stubLocalStorage } from '../testing/local-storage';
import { countOf, formatBytes, formatCount, formatLeft, formatRate, formatSeconds, formatStage } from './format';
import { areAllThere, belongTogether, groupFiles, nameOf } from '../library/group-files';
import { parsePrecisions } from './precision-choices';
import { cacheBytesOf, contextsFor, memoryOf, problemOf } from '../library/gpu-memory';
import { createMeter, timeLeft } from '../shared/throughput';
import { createSaver, takeLeftovers } from './autosave';
import { saveFiles, savedSentence } from './save-files';
import { parseSettings, presets } from '../settings/settings';
import { parseTemplate, problemWith } from '../instruct/templates';
import type { ImportPlan } from '../../worker/contract';
import { styles } from '../settings/prompt-formats';
import { stopsOf } from '../instruct/instruct';

const storage = stubLocalStorage();
afterEach(() => {
  vi.useRealTimers();
});

const given = (path: string) => ({ path, file: new File(['x'], path.split('/').at(-1)!) });
const names = (files: readonly string[]) => groupFiles(files.map(given)).map((group) => group.map(({ path }) => path));

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

describe('files that are given one after the other', () => {
  const belongs = (before: readonly string[], after: readonly string[]) =>
    belongTogether({ paths: before }, after.map(given));

  test('encrypted files and their key come in any order', () => {
    expect(names(['enc/a.json.00.enc', 'llama/consolidated.00.pth', 'llama/params.json'])).toHaveLength(1);
    expect(belongs(['a.json.00.enc'], ['consolidated.00.pth'])).toBe(true);
    expect(belongs(['consolidated.00.pth'], ['a.json.00.enc'])).toBe(true);
    expect(belongs(['a.json.00.enc'], ['b.bin.00.enc'])).toBe(true);
  });

  test('what is a model by itself stays one', () => {
    expect(belongs(['a.json.00.enc'], ['b.gguf'])).toBe(false);
    expect(belongs(['a.gguf'], ['b.json.00.enc'])).toBe(false);
    expect(belongs(['a/model.safetensors'], ['b/model.safetensors'])).toBe(false);
  });

  test('Meta’s tokenizer, which lies beside the models’ folders, comes with each', () => {
    expect(names(['LLaMA/tokenizer.model', 'LLaMA/7B/consolidated.00.pth', 'LLaMA/7B/params.json'])).toEqual([
      ['LLaMA/tokenizer.model', 'LLaMA/7B/consolidated.00.pth', 'LLaMA/7B/params.json'],
    ]);
  });

  test('a group is called after its folder, or its file', () => {
    expect(nameOf([given('llama/a.bin'), given('llama/b.bin')])).toBe('llama');
    expect(nameOf([given('folder/a.gguf')])).toBe('a.gguf');
  });

  test('the same files are known by name and size', () => {
    const wanted = [{ name: 'llama/a.bin', size: 1 }];
    expect(areAllThere(wanted, [given('elsewhere/a.bin')])).toBe(true);
    expect(areAllThere(wanted, [given('b.bin')])).toBe(false);
    expect(areAllThere([{ name: 'a.bin', size: 2 }], [given('a.bin')])).toBe(false);
  });
});

describe('how fast it goes', () => {
  test('a rate, smoothed, and the time that is left', () => {
    let now = 0;
    const meter = createMeter(() => now);
    const at = (time: number, done: number, stage = 'Reading') => {
      now = time;
      return meter({ stage, done, total: 1000 });
    };
    expect(at(0, 0).rate).toBe(0);
    expect(at(1000, 100).rate).toBe(100);
    expect(at(2000, 300).rate).toBe(140);
    expect(timeLeft(at(2100, 310))).toBeCloseTo((690 / 140) * 1000);
    // what stands still is told as it was, and another stage begins anew
    expect(at(2100, 310, 'Checking').rate).toBe(0);
    expect(timeLeft(at(2200, 320, 'Checking'))).toBeUndefined();
  });
});

test('precisions that were kept: what is none of them is left out', () => {
  expect(parsePrecisions({ a: 'int8', b: 'automatic', c: 'int4', d: 8 })).toEqual({ a: 'int8', b: 'automatic' });
  expect(parsePrecisions(['int8'])).toBeUndefined();
});

describe('what fits', () => {
  const plan = { gpuBytes: 1000 } as unknown as ImportPlan;
  const cache = { exact: 4, fast: 2, int8: 1 };
  const choice = { quantize: 'q8', storedBytes: 700, weightBytes: 600, fits: true } as const;
  const device = { name: '', software: false, features: ['f16'], memory: {} };

  test('the cache is as large as the precision makes it on a device', () => {
    const software = { ...device, software: true };
    expect([device, software, undefined].map((each) => cacheBytesOf(cache, each))).toEqual([2, 4, 4]);
    const chosen = (['exact', 'fast', 'int8'] as const).map((precision) => cacheBytesOf(cache, software, precision));
    expect(chosen).toEqual([4, 2, 1]);
    expect(cacheBytesOf(cache, { ...device, features: [] }, 'fast')).toBe(4);
  });

  test('weights and cache together, and a longer context may be too long', () => {
    expect(problemOf(plan, choice, memoryOf(choice, 1, 400))).toBeUndefined();
    expect(problemOf(plan, choice, memoryOf(choice, 1, 401))).toMatch(/shorter context/);
    expect(problemOf(plan, { ...choice, fits: false, problem: 'No room.' }, 0)).toBe('No room.');
  });

  test('contexts go up to what the model was trained for', () => {
    expect(contextsFor(2048, 2048)).toEqual([256, 512, 1024, 2048]);
    expect(contextsFor(3000, 1000, undefined)).toEqual([256, 512, 1000, 1024, 2048, 3000]);
    expect(contextsFor(128)).toEqual([128]);
  });
});

test('what was saved is said, and what was not', () => {
  const saved = (ok: boolean) => ({ name: 'a', bytes: 1000, ok });
  expect(savedSentence([saved(true), saved(true)])).toBe('2 files saved, 2 kB.');
  expect(savedSentence([saved(true), saved(false)])).toBe(
    '1 file saved, 1 kB. 1 file failed the check and was not kept.',
  );
  expect(savedSentence(undefined)).toBe('');
  expect(savedSentence([{ ...saved(true), where: 'in the folder “out”' }])).toBe(
    '1 file saved, 1 kB, in the folder “out”.',
  );
});

test('where files went is said: into a folder, or as one archive that is downloaded once', async () => {
  const clicked: string[] = [];
  const link = { href: '', download: '', click: () => clicked.push(link.download) };
  vi.stubGlobal('document', { createElement: () => link });
  const file = new File(['zip'], 'Rows PEFT.zip');
  const both = ['a', 'b'].map((name) => ({ name, bytes: 1000, ok: true, file }));
  expect(savedSentence(await saveFiles(async () => both))).toBe(
    '2 files saved, 2 kB, as “Rows PEFT.zip” in the browser’s downloads.',
  );
  expect(clicked).toEqual(['Rows PEFT.zip']);
  vi.stubGlobal('showDirectoryPicker', async () => ({ name: 'out' }));
  const plain = both.map(({ name, bytes, ok }) => ({ name, bytes, ok }));
  expect(savedSentence(await saveFiles(async () => plain))).toBe('2 files saved, 2 kB, in the folder “out”.');
  expect(clicked).toHaveLength(1);
  vi.unstubAllGlobals();
});

describe('styles', () => {
  test('each has a preset and a template that are there', async () => {
    const { promptTemplates } = await import('../../tokenizer/prompt-templates');
    for (const { preset, template } of styles) {
      expect(presets.map(({ name }) => name)).toContain(preset);
      expect(promptTemplates.map(({ name }) => name)).toContain(template);
    }
  });

  test('a separator survives a template’s file', () => {
    const fields = { prompt_input: '{instruction}{input}', prompt_no_input: '{instruction}', response_split: 'x' };
    expect(parseTemplate({ ...fields, separator: 'eos-bos' }, 'a')?.separator).toBe('eos-bos');
    expect(parseTemplate({ ...fields, separator: 'else' }, 'a')).not.toHaveProperty('separator');
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

test('one of something is called so', () => {
  expect([0, 1, 2, 1234].map((count) => countOf(count, 'row'))).toEqual(['0 rows', '1 row', '2 rows', '1,234 rows']);
  expect([1, 3].map((count) => countOf(count, 'entry', 'entries'))).toEqual(['1 entry', '3 entries']);
});

test('numbers are read by people', () => {
  expect([0, 999, 999_600, 6_655_000, 3_640_000_000].map(formatBytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1 MB',
    '6.66 MB',
    '3.64 GB',
  ]);
  expect([812, 292_800, 7_100_000, 134_500_000, 6_740_000_000].map(formatCount)).toEqual([
    '812',
    '293k',
    '7.1M',
    '135M',
    '6.7B',
  ]);
  expect([312, 1600, 90_000, 4_000_000].map(formatSeconds)).toEqual(['312 ms', '1.6 s', '2 min', '1 h 7 min']);
  expect([312, 1600, 90_000].map(formatLeft)).toEqual(['1 s', '2 s', '2 min']);
  expect([3.14159, 92.4, 1234].map(formatRate)).toEqual(['3.1 tokens/s', '92 tokens/s', '1234 tokens/s']);
  expect([0, 1, 2000].map((count) => countOf(count, 'row'))).toEqual(['0 rows', '1 row', '2,000 rows']);
  expect(formatStage({ stage: 'Loading', done: 43, total: 100 })).toBe('Loading 43 %');
  expect(formatStage({ stage: 'Compiling', done: 9, total: 9 })).toBe('Compiling');
});
