// Runs for other programs: a folder that TRL trains.
import { PronkError } from '../../core/errors';
import type { TokenizedDataset } from '../../data/tokenize-dataset';
import type { Example } from '../../data/types';
import { checkConfig } from '../../training/check-config';
import { DEFAULT_CONFIG } from '../../training/config';
import { loraSpec } from '../../training/lora-spec';
import { prepareData } from '../../training/prepare';
import type { RunRecord } from '../../training/run-record';
import type { RunStore } from '../../training/run-store';
import { startPairs } from '../../training/start-adapter';
import type { FileContent } from '../export/file';
import type { TrainedModel, TrainingParts } from './parts';
import type { RunInputs } from './run-inputs';
import type { TrainingRequest } from './types';

export class RunExport {
  readonly #parts: TrainingParts;
  readonly #inputs: RunInputs;
  readonly #runs: RunStore<RunRecord>;

  constructor(parts: TrainingParts, inputs: RunInputs, runs: RunStore<RunRecord>) {
    this.#parts = parts;
    this.#inputs = inputs;
    this.#runs = runs;
  }

  /**
   * A run that is only planned, with its dataset's rows.
   * @throws PronkError `bad-config`, `no-labels`, `missing-model`, `missing-dataset`, `missing-adapter`
   */
  async planned(request: TrainingRequest): Promise<FileContent[]> {
    checkConfig(request.config);
    const [model, dataset] = await this.#inputs.open(request);
    return this.#files(request, model, await this.#inputs.tokens(request, model, dataset));
  }

  /** A run by its id, with its own rows. @throws PronkError `missing-run` where it is not known any more */
  async begun(id: string | undefined): Promise<FileContent[]> {
    const run = id === undefined ? undefined : await this.#runs.get(id);
    if (!run) {
      const message =
        'The adapter was not trained here, or its run was removed: its rows and settings are not known. Plan a run from it instead.';
      throw new PronkError('missing-run', message);
    }
    // a run of before may lack a setting
    const request = { ...run.request, config: { ...DEFAULT_CONFIG, ...run.request.config } };
    const rows = await this.#runs.rows(run);
    if (!rows) return this.planned(request);
    const model = await this.#parts.model(request.modelId);
    return this.#files(request, model, await this.#inputs.tokensOf(request, model, rows as Example[]));
  }

  async #files(
    { config, template, adapterId }: TrainingRequest,
    model: TrainedModel,
    tokens: TokenizedDataset,
  ): Promise<FileContent[]> {
    const data = prepareData(tokens, model.tokenizer, config);
    const start = adapterId === undefined ? undefined : await this.#parts.adapter(adapterId);
    if (start) startPairs(start, config, loraSpec(config, model.config, data.maxBatchTokens));
    const { trlFiles } = await import('../export/trl');
    return trlFiles({ config, data, model: model.config, base: model.name, start, template });
  }
}
