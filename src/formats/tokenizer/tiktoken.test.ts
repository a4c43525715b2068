import { array, assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../../tokenizer/index';
import { openTokenizer } from '../checkpoint/open';
import { bytesSource } from '../../core/source';
import { isTiktoken, readTiktoken } from './tiktoken';

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const utf8 = (text: string) => latin1(new TextEncoder().encode(text));

/** Trained by merging the commonest neighbours of a text's words: ranks by bytes as Latin-1. */
function train(text: string, merges: number): string[] {
  const ranks = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const words = (text.match(/ ?\S+|\s+/g) ?? []).map((word) => Array.from(utf8(word)));
  for (let i = 0; i < merges; i++) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let at = 1; at < word.length; at++) {
        const pair = word[at - 1] + word[at];
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [];
    if (best === undefined) break;
    ranks.push(best);
    for (const word of words) {
      for (let at = 1; at < word.length; at++) {
        if (word[at - 1] + word[at] === best) word.splice(at - 1, 2, best);
      }
    }
  }
  return ranks;
}

const TEXT =
  'The quick brown fox jumps over the lazy dog, and the dog thinks nothing of it: there are other foxes, quicker ones. ' +
  'Größere Füchse springen über größere Hunde. 日本語の文章も少し。日本語の日本。\n\n  "Quoted" text, it\'s here; 12345 678 numbers!';
const RANKS = train(TEXT, 150);
const file = (ranks: readonly string[]) =>
  new TextEncoder().encode(ranks.map((token, rank) => `${btoa(token)} ${rank}\n`).join(''));
const source = (bytes: Uint8Array) => bytesSource(bytes, 'tokenizer.model');

/** tiktoken's own way: the neighbours whose joint bytes have the lowest rank merge, the leftmost of equals. */
function merge(word: string, byBytes: ReadonlyMap<string, number>): number[] {
  const parts = Array.from(word);
  for (;;) {
    let [best, at] = [Infinity, -1];
    for (let i = 1; i < parts.length; i++) {
      const rank = byBytes.get(parts[i - 1] + parts[i]) ?? Infinity;
      if (rank < best) [best, at] = [rank, i];
    }
    if (at < 0) return parts.map((part) => byBytes.get(part)!);
    parts.splice(at - 1, 2, parts[at - 1] + parts[at]);
  }
}

const SPLIT =
  /(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+/gu;

function tiktoken(text: string, ranks: readonly string[]): number[] {
  const byBytes = new Map(ranks.map((token, rank) => [token, rank]));
  return (text.match(SPLIT) ?? []).flatMap((word) => {
    const bytes = utf8(word);
    const whole = byBytes.get(bytes);
    return whole === undefined ? merge(bytes, byBytes) : [whole];
  });
}

describe("Llama 3's tokenizer.model", () => {
  test('is told from SentencePiece', () => {
    expect(isTiktoken(file(RANKS))).toBe(true);
    expect(isTiktoken(Uint8Array.of(0x0a, 14, 0x0a, 5))).toBe(false);
    expect(isTiktoken(new Uint8Array(0))).toBe(false);
  });

  test('encodes as tiktoken does', async () => {
    const tokenizer = createTokenizer(await openTokenizer([source(file(RANKS))]));
    const words = TEXT.split(/(?<= )/);
    expect(tokenizer.encode(TEXT)).toEqual(tiktoken(TEXT, RANKS));
    const text = array(constantFrom(...words, 'the', 'dog', ' ', '\n', '語', 'ü', "'s", '!?'), { maxLength: 30 });
    assert(
      property(text, string({ unit: 'grapheme' }), (parts, more) => {
        const whole = parts.join('') + more;
        const ids = tokenizer.encode(whole);
        expect(ids).toEqual(tiktoken(whole.toWellFormed(), RANKS));
        expect(tokenizer.decode(ids)).toBe(whole.toWellFormed());
      }),
    );
  });

  test('has 256 control tokens behind the ranks, at the places that Llama 3 has them', async () => {
    const spec = await openTokenizer([source(file(RANKS))]);
    const tokenizer = createTokenizer(spec);
    const n = RANKS.length;
    expect(tokenizer.vocabSize).toBe(n + 256);
    expect(spec).toMatchObject({ bosId: n, addBos: true, specialTokens: { bos_token: '<|begin_of_text|>' } });
    expect(spec.eosIds).toEqual([n + 1, n + 9, n + 8]);
    const pieces = [{ text: '<|start_header_id|>user<|end_header_id|>', trusted: true }];
    expect(tokenizer.encodePieces(pieces)).toEqual([n + 6, ...tiktoken('user', RANKS), n + 7]);
    expect(tokenizer.encode('<|eot_id|>')).toEqual(tiktoken('<|eot_id|>', RANKS));
    const { tokens } = readTiktoken(file(RANKS), 'x');
    expect(new Set(tokens).size).toBe(n + 256);
    expect(tokens[n + 2]).toBe('<|reserved_special_token_0|>');
    expect(tokens[n + 255]).toBe('<|reserved_special_token_247|>');
  });

  test('what is no list of ranks is damage', () => {
    const swapped = RANKS.with(3, RANKS[4]).with(4, RANKS[3]);
    expect(readTiktoken(file(swapped), 'x').tokens).not.toEqual(readTiktoken(file(RANKS), 'x').tokens);
    const lines = new TextDecoder().decode(file(RANKS)).split('\n');
    const broken = (text: string) => () => readTiktoken(new TextEncoder().encode(text), 'x');
    expect(broken(lines.toReversed().join('\n'))).toThrow(/rank/);
    expect(broken(`${lines.slice(0, 5).join('\n')}\n???? 5`)).toThrow(/line 6/);
    expect(broken('A 0')).toThrow(/base64/);
  });
});
