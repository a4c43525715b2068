// What a run is made of: a stored model, a stored dataset, its rows as tokens.
import { type TokenizedDataset, tokenizeDataset } from '../../data/tokenize-dataset';
import type { Example } from '../../data/types';
import type { TrainedDataset, TrainedModel, TrainingParts } from './parts';
import type { TrainingRequest } from './types';

export class RunInputs {
  readonly #parts: TrainingParts;
  /** Rows as tokens of the request before: a plan is made at every change of a setting. */
  #latest: { readonly key: string; readonly tokens: Promise<TokenizedDataset> } | undefined;

  constructor(parts: TrainingParts) {
    this.#parts = parts;
  }

  /** @throws PronkError `missing-model`, `missing-dataset` */
  open({ modelId, datasetId }: TrainingRequest): Promise<[TrainedModel, TrainedDataset]> {
    return Promise.all([this.#parts.model(modelId), this.#parts.dataset(datasetId)]);
  }

  /** A dataset's rows as tokens. @throws PronkError `bad-dataset`, `unknown-template`, … */
  tokens(request: TrainingRequest, model: TrainedModel, dataset: TrainedDataset): Promise<TokenizedDataset> {
    const { modelId, datasetId, config, template } = request;
    const { cutoff_len, train_on_inputs, prompt_template_name: name } = config;
    const key = JSON.stringify([modelId, datasetId, dataset.editedAt, cutoff_len, train_on_inputs, name, template]);
    if (this.#latest?.key !== key) {
      this.#latest = { key, tokens: dataset.examples().then((rows) => this.tokensOf(request, model, rows)) };
    }
    return this.#latest.tokens;
  }

  /** Given rows as tokens. */
  tokensOf(
    { modelId, config, template }: TrainingRequest,
    { tokenizer }: TrainedModel,
    rows: readonly Example[],
  ): Promise<TokenizedDataset> {
    return this.#parts.held(modelId, () => tokenizeDataset(rows, tokenizer, { ...config, template }));
  }
}
