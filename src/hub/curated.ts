// Models of the Hub that are offered with one click: known to be good, of a family that Pronk computes, at a commit.

/** What is known of a model: from its files at the commit, and its configuration. */
interface Known {
  /** `owner/name@commit`: what was looked at is what is downloaded. */
  readonly address: string;
  readonly name: string;
  readonly parameters: number;
  /** Bytes to download: the weights, and about what the tokenizer and configuration take. */
  readonly bytes: number;
  readonly licence: string;
  /** Its publisher asks for consent to the licence first, so that it takes an access token. */
  readonly gated?: true;
  /** What it is good for, in a few words. */
  readonly note: string;
  /** Bytes of keys and values a token, in 16 bits. */
  readonly cache: number;
  /** Tokens that it was trained for. */
  readonly context: number;
}

/** A model of the Hub that is known to work. */
export interface CuratedModel extends Omit<Known, 'cache' | 'context'> {
  /** About what it takes on the GPU: in 8 bits, from 1.5 billion parameters on in 4, with the cache of a chat. */
  readonly memory: number;
}

/** Tokens of the chat that memory is reckoned with. */
const CHAT_TOKENS = 4096;
/** Bytes a weight: 8 or 4 bits, and a scale of 16 bits for each 32 weights. */
const SMALL = 8.5 / 8;
const LARGE = 4.5 / 8;

function curated({ cache, context, ...model }: Known): CuratedModel {
  const weights = model.parameters * (model.parameters < 1.5e9 ? SMALL : LARGE);
  return { ...model, memory: weights + cache * Math.min(context, CHAT_TOKENS) };
}

/** Smallest download first. Parameters follow from the configurations; sizes are those of the files at these commits. */
const KNOWN: readonly Known[] = [
  {
    address: 'HuggingFaceTB/SmolLM2-135M-Instruct@12fd25f77366fa6b3b4b768ec3050bf629380bac',
    name: 'SmolLM2 135M Instruct',
    parameters: 134_515_008,
    bytes: 269_060_552 + 2_200_000,
    licence: 'apache-2.0',
    note: 'Chat in English; quick on any device, and small enough to fine-tune',
    cache: 23_040,
    context: 8_192,
  },
  {
    address: 'google/gemma-3-270m-it@ac82b4e820549b854eebf28ce6dedaf9fdfa17b3',
    name: 'Gemma 3 270M',
    parameters: 268_098_176,
    bytes: 536_223_056 + 38_100_000,
    licence: 'gemma',
    note: 'Short answers; made to be fine-tuned',
    gated: true,
    cache: 18_432,
    context: 32_768,
  },
  {
    address: 'HuggingFaceTB/SmolLM2-360M-Instruct@a10cc1512eabd3dde888204e902eca88bddb4951',
    name: 'SmolLM2 360M Instruct',
    parameters: 361_821_120,
    bytes: 723_674_912 + 2_200_000,
    licence: 'apache-2.0',
    note: 'Chat in English; better answers, still quick',
    cache: 40_960,
    context: 8_192,
  },
  {
    address: 'Qwen/Qwen2.5-0.5B-Instruct@7ae557604adf67be50417f59c2c2f167def9a775',
    name: 'Qwen2.5 0.5B Instruct',
    parameters: 494_032_768,
    bytes: 988_097_824 + 7_100_000,
    licence: 'apache-2.0',
    note: 'Chat in many languages',
    cache: 12_288,
    context: 32_768,
  },
  {
    address: 'Qwen/Qwen3-0.6B@c1899de289a04d12100db370d81485cdf75e47ca',
    name: 'Qwen3 0.6B',
    parameters: 596_049_920,
    bytes: 1_503_300_328 + 11_400_000,
    licence: 'apache-2.0',
    note: 'Thinks before it answers, in many languages; small enough for most devices',
    cache: 114_688,
    context: 40_960,
  },
  {
    address: 'google/gemma-3-1b-it@dcc83ea841ab6100d6b47a070329e1ba4cf78752',
    name: 'Gemma 3 1B',
    parameters: 999_885_952,
    bytes: 1_999_811_208 + 38_100_000,
    licence: 'gemma',
    note: 'Chat in English',
    gated: true,
    cache: 26_624,
    context: 32_768,
  },
  {
    address: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0@fe8a4ea1ffedaf415f4da2f062534de366a451e6',
    name: 'TinyLlama 1.1B Chat',
    parameters: 1_100_048_384,
    bytes: 2_200_119_864 + 2_400_000,
    licence: 'apache-2.0',
    note: "LLaMA 2's architecture and tokenizer, in a small size",
    cache: 22_528,
    context: 2_048,
  },
  {
    address: 'meta-llama/Llama-3.2-1B-Instruct@9213176726f574b556790deb65791e0c5aa438b6',
    name: 'Llama 3.2 1B Instruct',
    parameters: 1_235_814_400,
    bytes: 2_471_645_608 + 9_100_000,
    licence: 'llama3.2',
    note: 'Chat in eight languages',
    gated: true,
    cache: 32_768,
    context: 131_072,
  },
  {
    address: 'Qwen/Qwen2.5-1.5B-Instruct@989aa7980e4cf806f80c7fef2b1adb7bc71aa306',
    name: 'Qwen2.5 1.5B Instruct',
    parameters: 1_543_714_304,
    bytes: 3_087_467_144 + 7_100_000,
    licence: 'apache-2.0',
    note: 'Chat in many languages; better answers',
    cache: 28_672,
    context: 32_768,
  },
  {
    address: 'Qwen/Qwen2.5-Coder-1.5B-Instruct@2e1fd397ee46e1388853d2af2c993145b0f1098a',
    name: 'Qwen2.5 Coder 1.5B Instruct',
    parameters: 1_543_714_304,
    bytes: 3_087_467_144 + 7_100_000,
    licence: 'apache-2.0',
    note: 'Writes and explains programs',
    cache: 28_672,
    context: 32_768,
  },
  {
    address: 'HuggingFaceTB/SmolLM2-1.7B-Instruct@31b70e2e869a7173562077fd711b654946d38674',
    name: 'SmolLM2 1.7B Instruct',
    parameters: 1_711_376_384,
    bytes: 3_422_777_952 + 2_200_000,
    licence: 'apache-2.0',
    note: 'Chat in English; rewrites and summarizes',
    cache: 196_608,
    context: 8_192,
  },
  {
    address: 'Qwen/Qwen3-1.7B@70d244cc86ccca08cf5af4e1e306ecf908b1ad5e',
    name: 'Qwen3 1.7B',
    parameters: 1_720_574_976,
    bytes: 4_063_479_808 + 11_400_000,
    licence: 'apache-2.0',
    note: 'Thinks before it answers, in many languages; sums and programs',
    cache: 114_688,
    context: 40_960,
  },
  {
    address: 'HuggingFaceTB/SmolLM3-3B@a07cc9a04f16550a088caea529712d1d335b0ac1',
    name: 'SmolLM3 3B',
    parameters: 3_075_098_624,
    bytes: 6_150_197_248 + 17_300_000,
    licence: 'apache-2.0',
    note: 'Thinks before it answers, in six languages; its training is published',
    cache: 73_728,
    context: 65_536,
  },
  {
    address: 'meta-llama/Llama-3.2-3B-Instruct@0cb88a4f764b7a12671c53f0838cd831a0843b95',
    name: 'Llama 3.2 3B Instruct',
    parameters: 3_212_749_824,
    bytes: 6_425_499_648 + 9_100_000,
    licence: 'llama3.2',
    note: 'Chat in eight languages; better answers',
    gated: true,
    cache: 114_688,
    context: 131_072,
  },
  {
    address: 'openlm-research/open_llama_3b_v2@main',
    name: 'OpenLLaMA 3B v2',
    parameters: 3_426_473_600,
    bytes: 6_853_000_000 + 600_000,
    licence: 'apache-2.0',
    note: 'A base model that continues a text: for fine-tuning, not for chat',
    cache: 332_800,
    context: 2_048,
  },
  {
    address: 'microsoft/Phi-4-mini-instruct@cfbefacb99257ffa30c83adab238a50856ac3083',
    name: 'Phi-4 mini',
    parameters: 3_836_021_760,
    bytes: 7_672_066_216 + 21_800_000,
    licence: 'mit',
    note: 'Sums, programs and long texts',
    cache: 131_072,
    context: 131_072,
  },
  {
    address: 'Qwen/Qwen3-4B@1cfa9a7208912126459214e8b04321603b3df60c',
    name: 'Qwen3 4B',
    parameters: 4_022_468_096,
    bytes: 8_044_982_048 + 11_400_000,
    licence: 'apache-2.0',
    note: 'Thinks before it answers, in many languages; better answers',
    cache: 147_456,
    context: 40_960,
  },
  {
    address: 'mistralai/Mistral-7B-Instruct-v0.3@c170c708c41dac9275d15a8fff4eca08d52bab71',
    name: 'Mistral 7B Instruct v0.3',
    parameters: 7_248_023_552,
    bytes: 14_496_047_104 + 2_600_000,
    licence: 'apache-2.0',
    note: 'Chat in English; for a device with much memory',
    cache: 131_072,
    context: 32_768,
  },
];

export const CURATED: readonly CuratedModel[] = KNOWN.map(curated);
