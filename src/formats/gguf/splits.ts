// How byte-level vocabularies of GGUF files cut a text into words before they merge: `tokenizer.ggml.pre` is a name for
// expressions that stand in the models' own tokenizer.json files. The names, and which of them share their expressions, are
// llama.cpp's. A word is cut by the first expression, its parts by the next.

/** The split of GPT-2 (Radford et al. 2019). */
export const GPT2_SPLIT = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

export interface Split {
  readonly expressions: readonly string[];
  /** A word that is in the vocabulary is not merged from its bytes. */
  readonly whole?: boolean;
  /** BOS stands in front of a text where the header does not say. */
  readonly begins?: boolean;
  /** Letters and their accents are one character where there is one (Unicode's NFC), which the header does not say. */
  readonly composed?: boolean;
}

const CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const SPACES = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const MARKS = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const LETTERS = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const REST = `${MARKS}|${SPACES}`;
const LLAMA3 = String.raw`${CONTRACTIONS}|${LETTERS}|\p{N}{1,3}|${REST}`;
const QWEN2 = String.raw`${CONTRACTIONS}|${LETTERS}|\p{N}|${REST}`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const SLASHED = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|${SPACES}`;

/** Capitals begin a word. */
const cased = (ending: string, digits: string) =>
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+${ending}|[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*${ending}|${digits}|${SLASHED}`;
const GPT4O = cased(`${CONTRACTIONS}?`, String.raw`\p{N}{1,3}`);
const THREE_DIGITS = String.raw`\p{N}{1,3}`;
const CHINESE_JAPANESE = '[一-龥\u3040-\u309f\u30a0-\u30ff]+';
const ASCII_MARK = '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]';
const DEEPSEEK3 = String.raw`${ASCII_MARK}[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`;
const DEEPSEEK3_MARKS = String.raw` ?[\p{P}\p{S}]+`;
const DEEPSEEK_ASIAN = '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+';
const BLOOM = String.raw` ?[^(\s|.,!?…。，、।۔،)]+`;
/** Cased letters of DeepSeek's first models. */
const DEEPSEEK_LETTERS =
  'A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376' +
  '\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-' +
  '\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a' +
  '\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4' +
  '\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc' +
  '\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f' +
  '\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b' +
  '\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a' +
  '\u{10400}-\u{1044f}\u{104b0}-\u{104d3}\u{104d8}-\u{104fb}\u{10c80}-\u{10cb2}\u{10cc0}-\u{10cf2}\u{118a0}-' +
  '\u{118df}\u{1e900}-\u{1e943}';

const SPLITS: Readonly<Record<string, Split>> = {
  'llama-bpe': { expressions: [LLAMA3], whole: true, begins: true },
  'chatglm-bpe': { expressions: [LLAMA3] },
  tekken: { expressions: [cased('', String.raw`\p{N}`)], whole: true, begins: true },
  qwen2: { expressions: [QWEN2], composed: true },
  'deepseek-r1-qwen': { expressions: [QWEN2] },
  qwen35: {
    expressions: [
      String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${SPACES}`,
    ],
  },
  smollm: { expressions: [String.raw`\p{N}`, GPT2_SPLIT] },
  'gpt-2': { expressions: [GPT2_SPLIT] },
  default: {
    expressions: [String.raw`[\p{P}\$\+<=>\^~\|]+`, GPT2_SPLIT, String.raw`\p{N}+`, '[0-9][0-9][0-9]'],
  },
  falcon: { expressions: [String.raw`[\p{P}\$\+<=>\^~\|${'`'}]+`, GPT2_SPLIT, '[0-9][0-9][0-9]'] },
  'deepseek-llm': {
    expressions: [
      String.raw`[\r\n]`,
      String.raw`\s?[${DEEPSEEK_LETTERS}]+`,
      `\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+`,
      String.raw`\s+$`,
      DEEPSEEK_ASIAN,
      String.raw`\p{N}+`,
    ],
  },
  'deepseek-coder': {
    expressions: [String.raw`[\r\n]`, String.raw`\s?\p{L}+`, String.raw`\s?\p{P}+`, DEEPSEEK_ASIAN, String.raw`\p{N}`],
  },
  'deepseek-v3': {
    expressions: [THREE_DIGITS, CHINESE_JAPANESE, String.raw`${DEEPSEEK3}|${DEEPSEEK3_MARKS}[\r\n]*|${SPACES}`],
  },
  spark2_5: {
    expressions: [
      THREE_DIGITS,
      CHINESE_JAPANESE,
      String.raw`${DEEPSEEK3}|${DEEPSEEK3_MARKS}|[\r\n]|\s+(?!\S)|\s+`,
      String.raw`\p{N}`,
    ],
  },
  youtu: {
    expressions: [
      '[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-\u309f\u30a0-\u30ff]+',
      cased(`${CONTRACTIONS}?`, String.raw`\p{N}`),
    ],
    whole: true,
  },
  'jais-2': {
    expressions: [
      String.raw`${CONTRACTIONS}|${LETTERS}|${THREE_DIGITS}|${MARKS}|\s*[\r\n]+|` +
        [512, 256, 128, 64, 32, 16, 8, 4].map((length) => String.raw`\s{${length}}(?!\S)|`).join('') +
        String.raw`\s{1,2}(?!\S)|\s{1}`,
    ],
  },
  bloom: { expressions: [BLOOM] },
  viking: { expressions: [BLOOM, String.raw`\p{N}`] },
  chameleon: {
    expressions: [
      '<sentinel:[0-9]+>',
      '(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z',
      String.raw`([\t\n]|    |  )`,
      String.raw`\p{N}`,
      String.raw`[\p{P}!-/:-@\[-${'`'}{-~]`,
      GPT2_SPLIT,
    ],
    begins: true,
  },
  'gpt-4o': { expressions: [GPT4O] },
  'granite-embed-multi-97m': { expressions: [GPT4O], whole: true },
  tiny_aya: { expressions: [String.raw`\d{1,3}(?=(?:\d{3})*\b)`, GPT4O] },
  bailingmoe: {
    expressions: [
      String.raw`'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|${LETTERS}|\p{N}|${MARKS}|\s*[\r\n]|\s+(?!\S)|\s+`,
    ],
  },
  'seed-coder': {
    expressions: [String.raw`${CONTRACTIONS}|${LETTERS}|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|${SPACES}`],
  },
  ufakzeka: { expressions: [String.raw`${LETTERS}|\p{N}|${REST}`] },
  laguna: { expressions: [String.raw`[^\n]+|[\n]+`, QWEN2] },
  'exaone-moe': {
    expressions: [
      String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`,
    ],
  },
  minicpm5: {
    expressions: [THREE_DIGITS, String.raw`${CONTRACTIONS}|${LETTERS}|\p{N}+|${REST}`],
    whole: true,
  },
  superbpe: { expressions: [String.raw`\p{N}+`, String.raw`(?=(\d{3})+(?!\d))`] },
};

/** Other names of the same splits. */
const SAME: Readonly<Record<string, string>> = {
  'llama-bpe': 'llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano',
  'chatglm-bpe': 'glm4 dbrx smaug-bpe',
  'deepseek-r1-qwen': 'kormo f2llmv2 stablelm2 megrez hunyuan solar-open grok-2',
  smollm: 'starcoder refact command-r codeshell exaone minerva-7b mellum2',
  'gpt-2':
    'phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jina-v1-en jina-v2-code roberta-bpe mpt ' +
    'olmo jais trillion granite-docling exaone4',
  'deepseek-v3': 'hunyuan-dense joyai-llm hy_v4',
  'gpt-4o': 'llama4 kanana2 talkie minimax-m2',
  tiny_aya: 'cohere2moe',
  bailingmoe: 'bailingmoe2 llada-moe',
  bloom: 'poro-chat gpt3-finnish',
};

const BY_NAME = new Map([
  ...Object.entries(SPLITS),
  ...Object.entries(SAME).flatMap(([name, others]) => others.split(' ').map((other) => [other, SPLITS[name]] as const)),
]);

/** The split of a name; undefined for one that is not known. */
export function splitNamed(name: string): Split | undefined {
  return BY_NAME.get(name);
}

/** One name for each split. */
export function splitNames(): string[] {
  return Object.keys(SPLITS);
}
