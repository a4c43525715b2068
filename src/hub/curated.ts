// Models of the Hub that are offered with one click: small, freely licensed, of a family that Pronk computes.

/** A model of the Hub that is known to work. */
export interface CuratedModel {
  /** `owner/name@commit`: what was tried is what is downloaded. */
  readonly address: string;
  readonly name: string;
  readonly parameters: number;
  /** Bytes to download: the weights exactly, and about what the tokenizer and configuration take. */
  readonly bytes: number;
  readonly licence: string;
  /** What it is good for, in a few words. */
  readonly note: string;
}

/** Smallest first. Parameters follow from the configurations; sizes are those of the files at these commits. */
export const CURATED: readonly CuratedModel[] = [
  {
    address: 'HuggingFaceTB/SmolLM2-135M-Instruct@12fd25f77366fa6b3b4b768ec3050bf629380bac',
    name: 'SmolLM2 135M Instruct',
    parameters: 134_515_008,
    bytes: 269_060_552 + 2_200_000,
    licence: 'apache-2.0',
    note: 'Chat in English; quick on any device, and small enough to fine-tune',
  },
  {
    address: 'HuggingFaceTB/SmolLM2-360M-Instruct@a10cc1512eabd3dde888204e902eca88bddb4951',
    name: 'SmolLM2 360M Instruct',
    parameters: 361_821_120,
    bytes: 723_674_912 + 2_200_000,
    licence: 'apache-2.0',
    note: 'Chat in English; better answers, still quick',
  },
  {
    address: 'Qwen/Qwen2.5-0.5B-Instruct@7ae557604adf67be50417f59c2c2f167def9a775',
    name: 'Qwen2.5 0.5B Instruct',
    parameters: 494_032_768,
    bytes: 988_097_824 + 7_100_000,
    licence: 'apache-2.0',
    note: 'Chat in many languages',
  },
  {
    address: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0@fe8a4ea1ffedaf415f4da2f062534de366a451e6',
    name: 'TinyLlama 1.1B Chat',
    parameters: 1_100_048_384,
    bytes: 2_200_119_864 + 2_400_000,
    licence: 'apache-2.0',
    note: "LLaMA 2's architecture and tokenizer, in a small size",
  },
  {
    address: 'Qwen/Qwen2.5-1.5B-Instruct@989aa7980e4cf806f80c7fef2b1adb7bc71aa306',
    name: 'Qwen2.5 1.5B Instruct',
    parameters: 1_543_714_304,
    bytes: 3_087_467_144 + 7_100_000,
    licence: 'apache-2.0',
    note: 'Chat in many languages; the best answers for its size here',
  },
  {
    address: 'Qwen/Qwen2.5-Coder-1.5B-Instruct@2e1fd397ee46e1388853d2af2c993145b0f1098a',
    name: 'Qwen2.5 Coder 1.5B Instruct',
    parameters: 1_543_714_304,
    bytes: 3_087_467_144 + 7_100_000,
    licence: 'apache-2.0',
    note: 'Writes and explains programs',
  },
  {
    address: 'HuggingFaceTB/SmolLM2-1.7B-Instruct@31b70e2e869a7173562077fd711b654946d38674',
    name: 'SmolLM2 1.7B Instruct',
    parameters: 1_711_376_384,
    bytes: 3_422_777_952 + 2_200_000,
    licence: 'apache-2.0',
    note: 'Chat in English; rewrites and summarizes',
  },
  {
    address: 'openlm-research/open_llama_3b_v2@main',
    name: 'OpenLLaMA 3B v2',
    parameters: 3_426_473_600,
    bytes: 6_853_000_000 + 600_000,
    licence: 'apache-2.0',
    note: 'A base model that continues a text: for fine-tuning, not for chat',
  },
];
