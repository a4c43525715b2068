// The trained models and the datasets that tests run on: written by the scripts in tools/fixtures, and part of the repository.
import { readFileSync } from 'node:fs';
import { bytesSource, type Source } from '../core/source';

const FIXTURES = 'src/testing/fixtures';

/** A model of 292,800 parameters that tells a story: a Hugging Face folder in float32 with a SentencePiece tokenizer, and a GGUF. */
export const TALES = `${FIXTURES}/tales`;
/** A GGUF of that model as llama.cpp's converter writes it, its matrices in F16. */
export const TALES_GGUF = `${TALES}/tales-f16.gguf`;
/** The files of the folder that a model needs. */
export const TALES_FILES = ['config.json', 'model.safetensors', 'tokenizer.model'] as const;
/** A smaller model in bfloat16 with a byte-level tokenizer, a chat template and a tied head. */
export const TALES_CHAT = `${FIXTURES}/tales-chat`;
/** An adapter for `tales` in PEFT's form, with the log of transformers' Trainer. */
export const TALES_LORA = `${FIXTURES}/tales-lora`;
/** Datasets in every form that is read. */
export const DATASETS = `${FIXTURES}/datasets`;

/** Results of transformers on a model, in float64. */
export interface Golden {
  /** The greedy text from the first token on, or the answer to what was asked. */
  readonly text: string;
  readonly ids: readonly number[];
  /** The whole vocabulary's, after BOS and the first 22 of the ids; of a chat, after its prompt. */
  readonly logits: readonly number[];
}

export interface ChatGolden extends Golden {
  readonly asked: string;
  readonly promptIds: readonly number[];
}

const read = <T>(path: string) => JSON.parse(readFileSync(`${FIXTURES}/${path}`, 'utf8')) as T;

export const talesGolden = (): Golden => read('golden/tales.json');
export const chatGolden = (): ChatGolden => read('golden/tales-chat.json');
/** What transformers' beam search finds with `tales`. */
export interface BeamGolden {
  readonly prompt: readonly number[];
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | 'never';
  readonly ends: readonly number[];
  readonly maxTokens: number;
  readonly ids: readonly number[];
  readonly score: number;
}

export const beamsGolden = (): readonly BeamGolden[] => read('golden/beams.json');
export const loraGolden = (): Golden => read('golden/tales-lora.json');

/** Facts about `alpaca.json`, counted by the script that wrote it. */
export interface DatasetFacts {
  readonly rows: number;
  readonly withInput: number;
  /** How many rows have each problem. */
  readonly problems: Readonly<Record<string, number>>;
  /** Its tokens with the tokenizer of `tales`, in Alpaca's form, without training on what is asked. */
  readonly counts: readonly {
    readonly cutoff: number;
    readonly tokens: number;
    readonly labelled: number;
    readonly ended: number;
    readonly longest: number;
  }[];
}

export const datasetFacts = () => read<Readonly<Record<'alpaca.json', DatasetFacts>>>('datasets/facts.json');

/** Files of a folder in memory. */
export function filesOf(folder: string, names: readonly string[]): Source[] {
  return names.map((name) => bytesSource(readFileSync(`${folder}/${name}`), name));
}
