// From settings and rows as tokens to all that a run computes by, before a device is asked for.
import type { Adapter, LoraPair } from '../core/adapter';
import type { ModelConfig } from '../core/model-config';
import type { TokenizedDataset } from '../data/tokenize-dataset';
import type { LoraSpec } from '../model/lora-types';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { RunIdentity } from './checkpoint';
import type { TrainingConfig } from './config';
import { pairsFingerprint } from './fingerprint';
import type { BestAdapter, LoopState } from './loop';
import { loraSpec } from './lora-spec';
import { checkPositions, type PreparedData, prepareData } from './prepare';
import { totalSteps } from './schedules';
import { startPairs } from './start-adapter';

/** What is trained beside. */
interface BaseModel {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
}

export interface PreparedRun {
  readonly config: TrainingConfig;
  readonly data: PreparedData;
  readonly spec: LoraSpec;
  /** Updates from the first to the last. */
  readonly steps: number;
  /** Pairs that it begins from; undefined for new ones. */
  readonly start: readonly LoraPair[] | undefined;
  /** What makes it the same run another time. @param model fingerprint of the weights */
  identity(model: string): Promise<RunIdentity>;
}

/**
 * Plans the batches of a run and what it trains.
 * @param start an adapter to begin from
 * @throws PronkError `bad-config`, `no-labels`, `adapter-mismatch`
 */
export function prepareRun(
  model: BaseModel,
  tokens: TokenizedDataset,
  config: TrainingConfig,
  start?: Adapter,
): PreparedRun {
  const data = prepareData(tokens, model.tokenizer, config);
  checkPositions(data, model.config);
  const spec = loraSpec(config, model.config, data.maxBatchTokens);
  const pairs = start && startPairs(start, config, spec);
  return {
    config,
    data,
    spec,
    steps: totalSteps(config, data.stepsPerEpoch),
    start: pairs,
    async identity(fingerprint) {
      const identity = { config, data: await data.fingerprint(), model: fingerprint };
      return pairs ? { ...identity, start: await pairsFingerprint(pairs) } : identity;
    },
  };
}

/**
 * The pairs that a run leaves: the best by validation where that is wanted and known, else the last.
 * @param last reads the pairs as they are now
 */
export async function resultPairs(
  { load_best_model_at_end: wantsBest }: TrainingConfig,
  { best }: Pick<LoopState, 'best'>,
  last: () => Promise<readonly LoraPair[]>,
): Promise<readonly LoraPair[]> {
  const chosen: BestAdapter | undefined = wantsBest ? best : undefined;
  return chosen?.pairs ?? last();
}
