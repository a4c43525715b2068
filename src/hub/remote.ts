// What stands somewhere else: a repository and its files, and the names that models' files have there.

/** A file of a repository. */
export interface RemoteFile {
  /** Within the repository, with `/` between folders. */
  readonly path: string;
  readonly size: number;
  readonly url: string;
  /** The whole file's digest, lower-case hexadecimal; the Hub knows it of large files (Git LFS). */
  readonly sha256?: string;
  /** git's id, which the Hub knows of all other files. */
  readonly gitOid?: string;
}

/** What stands at an address. */
export interface Repository {
  /** Leads to the same bytes at any later time, where the server can promise it: the Hub's name a commit. */
  readonly address: string;
  readonly name: string;
  /** Commit that the files are of. */
  readonly revision?: string;
  readonly licence?: string;
  /** Whether the publisher asks for consent before the files can be read. */
  readonly gated: boolean;
  readonly files: readonly RemoteFile[];
  /** The folder or file in it that the address names. */
  readonly path?: string;
}

/** Small files that belong to a model. */
export const MODEL_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
  'quantize_config.json',
] as const;

/** A byte-level vocabulary, which is needed where no tokenizer is in one file. */
export const VOCABULARY_FILES = ['vocab.json', 'merges.txt'] as const;

/** The folder beside a configuration with the chat templates that have a name. */
export const TEMPLATES_FOLDER = 'additional_chat_templates';
