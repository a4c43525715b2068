// Every folder as it is on disk: what each of its files is taken for, in the page and from the Hub, and which prompt a chat
// becomes.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sortFiles } from '../../formats/checkpoint/files';
import { chooseFiles } from '../../hub/choose';
import { bytesSource, type Source } from '../../core/source';
import { tokenizerFromFiles } from '../../formats/tokenizer/tokenizer-files';
import { createTokenizer } from '../../tokenizer/index';
import { renderChat } from '../../tokenizer/chat-template';
import { sortGiven } from '../../ui/frame/classify-files';
import { groupFiles } from '../../ui/library/group-files';
import { type Layout, LAYOUTS } from './layouts';

const utf8 = new TextEncoder();
const PIECES = new Uint8Array(readFileSync('src/tokenizer/golden/custom.model'));
const EMPTY = Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, ...utf8.encode('{}')]);
const BPE = { model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] }, added_tokens: [] };
const JSONS: Readonly<Record<string, object>> = {
  'config.json': { model_type: 'llama', architectures: ['LlamaForCausalLM'], vocab_size: 1000 },
  'params.json': { dim: 8, n_layers: 1 },
  'tokenizer.json': BPE,
  'vocab.json': { a: 0, b: 1 },
  'tokenizer_config.json': { tokenizer_class: 'Qwen2Tokenizer' },
};

function contentOf(path: string, { json, text }: Layout): Uint8Array<ArrayBuffer> {
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (text?.[path] !== undefined) return utf8.encode(text[path]);
  if (base.startsWith('tokenizer.model')) return PIECES;
  if (base.endsWith('.safetensors')) return EMPTY;
  if (base === 'merges.txt') return utf8.encode('#version: 0.2\na b\n');
  if (base.endsWith('.gguf')) return utf8.encode('GGUF');
  if (base.endsWith('.index.json')) {
    const ending = base.startsWith('pytorch') ? 'bin' : 'safetensors';
    return utf8.encode(JSON.stringify({ weight_map: { a: `model-00001-of-00002.${ending}` } }));
  }
  if (!base.endsWith('.json')) return utf8.encode(base);
  return utf8.encode(JSON.stringify({ ...JSONS[base], ...json?.[path] }));
}

/** Paths with what is expected of each. */
function linesOf({ files }: Layout) {
  const lines = files.split('\n').map((line) => line.trim().split(' '));
  return lines.map(([path, role, hub]) => ({ path, role, hub: hub !== undefined }));
}

/** The roles that a model's files have, by name. */
async function rolesOf(sources: readonly Source[]): Promise<Map<string, string>> {
  const roles = new Map<string, string>();
  for (const [role, value] of Object.entries(await sortFiles(sources))) {
    for (const each of Array.isArray(value) ? value : [value]) roles.set((each as { name: string }).name, role);
  }
  return roles;
}

describe.each(LAYOUTS)('$title', (layout) => {
  const lines = linesOf(layout);
  const source = (path: string, name = `folder/${path}`) => bytesSource(contentOf(path, layout), name);
  const given = lines.map(({ path }) => ({ path: `folder/${path}`, file: new File([contentOf(path, layout)], path) }));

  test('in the page it is one model, and each file is what it is', async () => {
    const sorted = await sortGiven(given as never, 'models', async () => false);
    expect([sorted.adapters, sorted.datasets, sorted.templates]).toEqual([[], [], []]);
    const groups = groupFiles(sorted.models);
    expect(groups).toHaveLength(1);
    const paths = groups[0].map(({ path }) => path.slice('folder/'.length));
    const roles = await rolesOf(paths.map((path) => source(path)));
    const taken = lines.map(({ path }) => {
      const role = roles.get(`folder/${path}`) ?? '-';
      return [path, paths.includes(path) ? role : 'left'];
    });
    expect(taken).toEqual(lines.map(({ path, role }) => [path, role]));
  });

  test('from the Hub the same model comes, and nothing that it does not need', async () => {
    const { files } = chooseFiles(lines.map(({ path }) => ({ path, size: 1 })));
    const wanted = lines.filter(({ hub }) => hub).map(({ path }) => path);
    expect(files.map(({ path }) => path).toSorted()).toEqual(wanted.toSorted());
  });

  test.each([
    ['the page', (line: { role: string }) => line.role !== 'left'],
    ['the Hub', (line: { hub: boolean }) => line.hub],
  ] as const)('the prompt that a chat becomes, from %s', async (_, takes) => {
    const sources = lines.filter(takes as (line: object) => boolean).map(({ path }) => source(path));
    for (const order of [sources, sources.toReversed()]) {
      const tokenizer = createTokenizer(await tokenizerFromFiles(await sortFiles(order)));
      expect(tokenizer.chatTemplate === undefined).toBe(layout.prompt === undefined);
      if (layout.prompt === undefined) continue;
      const pieces = renderChat(tokenizer, [{ role: 'user', content: 'Hi' }], { addGenerationPrompt: true });
      expect(pieces.map(({ text }) => text).join('')).toBe(layout.prompt);
    }
  });
});
