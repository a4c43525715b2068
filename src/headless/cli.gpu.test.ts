// The command line as a script sees it: what it prints, its exit codes, its errors.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { slow } from '../gpu/testing/slow';
import { headless } from './testing/headless';
import { TALES, TALES_GGUF, talesGolden } from '../testing/fixtures';

const scratch = mkdtempSync(join(tmpdir(), 'pronk-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.skipIf(slow)('wrong usage is 2, and says what is right (skipped on SwiftShader but in test:long)', () => {
  expect(headless('nonsense')).toMatchObject({ code: 2, lines: [] });
  expect(headless('generate', '--model', 'x', '--prompt', 'a', '--seed', 'b').code).toBe(2);
  const { code, stderr } = headless('tokenize', '--text', 'x');
  expect(code).toBe(2);
  expect(stderr).toContain('--model');
});

test.skipIf(slow)(
  'a file that is not there, and one that is no model (skipped on SwiftShader but in test:long)',
  () => {
    const missing = headless('info', '--model', join(scratch, 'nowhere'));
    expect(missing).toMatchObject({ code: 1, lines: [{ error: { code: 'no-file' } }] });
    const file = join(scratch, 'broken.gguf');
    writeFileSync(file, 'GGUF and then nothing');
    expect(headless('logits', '--model', file, '--ids', '1')).toMatchObject({
      code: 1,
      lines: [{ error: { code: 'corrupt-file' } }],
    });
  },
);

test.skipIf(slow)(
  'an imported model gives the logits of its files, and of its files quantized (skipped on SwiftShader but in test:long)',
  () => {
    const out = join(scratch, 'imported');
    const logits = (...argv: string[]) => {
      const file = join(scratch, 'imported-logits.bin');
      expect(headless('logits', '--ids', '1,5,9', '--out', file, ...argv).code).toBe(0);
      return readFileSync(file);
    };
    const done = headless('import', '--model', 'demo', '--quantize', 'keep', '--out', out);
    expect(done).toMatchObject({ code: 0 });
    expect(done.lines.at(-1)).toMatchObject({ done: true, tensors: 56 });
    const kept = logits('--model', out);
    expect(kept.equals(logits('--model', 'demo'))).toBe(true);
    const [stored, files] = [out, 'demo'].map((model) => logits('--model', model, '--quantize', 'q4'));
    expect(stored!.equals(files!)).toBe(true);
    expect(stored!.equals(kept)).toBe(false);
  },
);

test.skipIf(slow)(
  'the bundled model answers an instruction, a chat, and stops by itself (skipped on SwiftShader but in test:long)',
  () => {
    const instruct = headless('generate', '--model', 'demo', '--instruction', 'What is the capital of Peru?');
    expect(instruct.lines.at(-1)).toMatchObject({ finish: 'stop', text: 'The capital of Peru is Lima.' });
    const file = join(scratch, 'messages.json');
    const roles = ['user', 'assistant', 'user'];
    const contents = ['What is the capital of Peru?', 'The capital of Peru is Lima.', 'And of Chile?'];
    writeFileSync(file, JSON.stringify(roles.map((role, i) => ({ role, content: contents[i] }))));
    const { lines } = headless('generate', '--model', 'demo', '--messages', file);
    expect(lines.at(-1)).toMatchObject({ finish: 'stop', text: 'The capital of Chile is Santiago.' });
  },
);

describe.skipIf(slow)('the model tales (skipped on SwiftShader but in test:long)', () => {
  const golden = talesGolden();
  test('info', () => {
    const expected = { architecture: 'llama', vocabulary: 512, context: 512, layers: 5 };
    expect(headless('info', '--model', TALES)).toMatchObject({
      code: 0,
      lines: [{ ...expected, tensors: { f32: 48 } }],
    });
    expect(headless('info', '--model', TALES_GGUF).lines[0]).toMatchObject(expected);
  });

  test('tokenize and detokenize', () => {
    const text = 'Mira saw a "red" kite: ☂\n';
    const [first] = headless('tokenize', '--model', TALES, '--text', text).lines;
    const ids = first!['ids'] as number[];
    expect(ids[0]).toBe(1);
    expect(headless('tokenize', '--model', TALES_GGUF, '--text', text).lines).toEqual([{ ids }]);
    expect(headless('tokenize', '--model', TALES_GGUF, '--text', text, '--no-special').lines).toEqual([
      { ids: ids.slice(1) },
    ]);
    expect(headless('detokenize', '--model', TALES_GGUF, '--ids', ids.join(',')).lines).toEqual([{ text }]);
  });

  test('a folder’s own tokenizer is taken, not that of the GGUF beside it: only the latter keeps two spaces', () => {
    const spaces = (model: string) => {
      const { ids } = headless('tokenize', '--model', model, '--text', 'Mira  saw').lines[0] as { ids: number[] };
      return headless('detokenize', '--model', model, '--ids', ids.join(',')).lines;
    };
    expect(spaces(TALES)).toEqual([{ text: 'Mira saw' }]);
    expect(spaces(TALES_GGUF)).toEqual([{ text: 'Mira  saw' }]);
  });

  test('generate: the golden text to the byte, a line a token', () => {
    for (const model of [TALES, TALES_GGUF]) {
      const argv = [
        '--model',
        model,
        '--prompt',
        '',
        '--max-tokens',
        String(golden.ids.length),
        '--precision',
        'exact',
      ];
      const { code, lines } = headless('generate', ...argv);
      expect(code).toBe(0);
      const last = lines.at(-1)!;
      expect(last).toMatchObject({
        done: true,
        finish: 'length',
        usage: { prompt: 1, completion: golden.ids.length },
        text: golden.text,
      });
      expect(lines.length).toBe(golden.ids.length + 1);
      expect(
        lines
          .slice(0, -1)
          .map((line) => line['text'])
          .join(''),
      ).toBe(last['text']);
    }
  });

  test('generate: a model without a chat template says in which form it is asked, unless a template was named', () => {
    const argv = ['--model', TALES_GGUF, '--instruction', 'Tell a story.', '--max-tokens', '4', '--precision', 'exact'];
    const plain = headless('generate', ...argv);
    expect(plain.stderr).toContain('The model has no chat template. Pronk uses Alpaca’s format');
    const named = headless('generate', ...argv, '--template', 'alpaca');
    expect(named.stderr).not.toContain('chat template');
    expect(named.lines).toEqual(
      plain.lines.map((line) => ({ ...line, ...('timing' in line && { timing: expect.anything() }) })),
    );
  });

  test('generate: a stop string', () => {
    const argv = [
      '--model',
      TALES_GGUF,
      '--prompt',
      '',
      '--max-tokens',
      '50',
      '--stop',
      ' girl',
      '--precision',
      'exact',
    ];
    const { lines } = headless('generate', ...argv);
    expect(lines.at(-1)).toMatchObject({ finish: 'stop', text: 'Once upon a time, there was a little' });
  });

  test('logits: ids as they are given, floats in a file', () => {
    const out = join(scratch, 'made/logits.bin');
    const { code, lines } = headless(
      'logits',
      '--model',
      TALES,
      '--ids',
      [1, ...golden.ids.slice(0, 22)].join(),
      '--out',
      out,
    );
    expect({ code, lines }).toEqual({ code: 0, lines: [{ shape: [23, 512], argmax: golden.ids.slice(0, 23) }] });
    const bytes = readFileSync(out);
    expect(bytes.length).toBe(23 * 512 * 4);
    for (const [id, logit] of golden.logits.entries()) {
      expect(bytes.readFloatLE((22 * 512 + id) * 4)).toBeCloseTo(logit, 4);
    }
    const bad = headless('logits', '--model', TALES, '--ids', '512');
    expect(bad).toMatchObject({ code: 1, lines: [{ error: { code: 'bad-token' } }] });
  });

  test('bench: shares of what was measured', () => {
    const { lines } = headless('bench', '--model', TALES, '--prompt-tokens', '16', '--tokens', '8');
    expect(lines.at(-1)).toMatchObject({ perToken: { passes: 1, bindGroups: 0, buffers: 0 } });
    const { decode, prefill } = lines.at(-1) as Record<string, Record<string, number>>;
    for (const share of [decode!['shareOfBandwidth'], prefill!['shareOfPeak']]) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
    }
  });
});
