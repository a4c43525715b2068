export interface MadeConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly vocab_size: number;
  readonly [key: string]: unknown;
}

export declare function makeModel(folder: string, config: MadeConfig, tokenizer: string, seed?: number): string[];
