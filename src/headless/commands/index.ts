// The commands, each once: its name, what `--help` says of it, and the file that does it, which is loaded when it is called.
import type { Print } from '../print';

export interface Command {
  /** One sentence on the purpose of the command. */
  readonly about: string;
  /** The words after the command's name, where there are more than options. */
  readonly words?: string;
  readonly example: string;
  /** Options that mean something else here than elsewhere. */
  readonly options?: Readonly<Record<string, string>>;
  /** @throws UsageError, HelpWanted; PronkError and others where it fails */
  run(argv: readonly string[], print: Print): Promise<void>;
}

/** Every command by its name, in the order in which they are told. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  info: {
    about: 'Says what a model is, without a GPU.',
    example: 'info --model demo',
    run: async (...call) => (await import('./info')).info(...call),
  },
  tokenize: {
    about: 'Turns text into token ids.',
    example: 'tokenize --model demo --text "Hello"',
    run: async (...call) => (await import('./tokenize')).tokenize(...call),
  },
  detokenize: {
    about: 'Turns token ids into text.',
    example: 'detokenize --model demo --ids 1,2,3',
    run: async (...call) => (await import('./detokenize')).detokenize(...call),
  },
  import: {
    about: 'Converts a model once, so that it loads without converting.',
    example: 'import --model ./TinyLlama-1.1B --quantize q8 --out ./tinyllama-q8',
    options: { out: 'A new or empty folder, or one that import wrote.' },
    run: async (...call) => (await import('./import')).importCommand(...call),
  },
  logits: {
    about: 'Computes the logits at every position.',
    example: 'logits --model demo --text "Hello" --out logits.bin',
    options: { out: 'A file that gets the logits, float32, little-endian.' },
    run: async (...call) => (await import('./logits')).logits(...call),
  },
  generate: {
    about: 'Answers a prompt, an instruction or a chat, a line a token.',
    example: 'generate --model demo --instruction "What is the capital of Peru?"',
    run: async (...call) => (await import('./generate')).generateCommand(...call),
  },
  train: {
    about: 'Fine-tunes a LoRA adapter.',
    example: 'train --model demo --data rows.json --config config.json --out lora',
    options: { out: 'The folder for the adapter and the state of the run.' },
    run: async (...call) => (await import('./train')).trainCommand(...call),
  },
  dataset: {
    about: 'Says what a file of examples holds and what is wrong with it.',
    example: 'dataset --data rows.csv --model demo --out rows.json',
    options: {
      out: 'A file that gets the rows as Alpaca JSON.',
      instruction: 'The column with the instruction.',
      input: 'The column with the input.',
      text: 'The column with whole texts.',
    },
    run: async (...call) => (await import('./dataset')).datasetCommand(...call),
  },
  merge: {
    about: 'Writes a model with adapters added to its weights.',
    example: 'merge --model ./base --adapter ./lora --out ./merged --format hf',
    run: async (...call) => (await import('./merge')).merge(...call),
  },
  mix: {
    about: 'Makes one adapter of several.',
    example: 'mix --model ./base --adapter ./style=0.7 --adapter ./facts --method svd --rank 16 --out ./both',
    options: {
      rank: 'The rank of the result, with svd; the largest of the adapters’ where it is not given.',
      seed: 'Decides what dare_linear and dare_ties drop.',
    },
    run: async (...call) => (await import('./mix')).mix(...call),
  },
  'export-adapter': {
    about: 'Writes an adapter in another program’s form.',
    example: 'export-adapter --model ./base --adapter ./lora --format gguf --out ./lora-gguf',
    run: async (...call) => (await import('./export-adapter')).exportAdapter(...call),
  },
  decrypt: {
    about: 'Decrypts files that were encrypted with an original file as the key.',
    words: 'FILE|DIR…',
    example: 'decrypt --key consolidated.00.pth --out ./model ./encrypted',
    run: async (...call) => (await import('./decrypt')).decrypt(...call),
  },
  encrypt: {
    about: 'Encrypts files with an original file as the key.',
    words: 'FILE…',
    example: 'encrypt --key consolidated.00.pth --out ./encrypted pytorch_model.bin',
    run: async (...call) => (await import('./encrypt')).encrypt(...call),
  },
  'weight-diff': {
    about: 'Recovers fine-tuned weights from a diff and the original weights, or makes such a diff.',
    words: 'recover|make',
    example: 'weight-diff recover --base ./llama --diff ./alpaca-diff --out ./alpaca',
    run: async (...call) => (await import('./weight-diff')).weightDiff(...call),
  },
  bench: {
    about: 'Measures speeds on this device.',
    example: 'bench --shape llama-7b --quantize q4',
    run: async (...call) => (await import('../bench/bench')).bench(...call),
  },
  'bench-import': {
    about: 'Measures the import of encrypted shards of a published shape.',
    example: 'bench-import --tokenizer tokenizer.model',
    run: async (...call) => (await import('../bench/bench-import')).benchImport(...call),
  },
};
