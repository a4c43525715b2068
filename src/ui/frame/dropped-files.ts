// Files that were given to the page as a whole, dropped anywhere or chosen in Models: each goes where it belongs.
import type { GivenFile } from '../../worker/contract';
import type { AdaptersState } from '../library/adapters';
import type { EngineState } from '../shared/engine-state';
import type { LibraryState } from '../library/library';
import type { Notices } from '../shared/notices';
import type { Place } from '../shared/route';
import { sortGiven } from './classify-files';
import type { TemplatesState } from '../instruct/templates';
import type { TrainingState } from '../train/training';

export interface IntakeParts {
  readonly engine: EngineState;
  readonly library: LibraryState;
  readonly adapters: AdaptersState;
  readonly templates: TemplatesState;
  readonly notices: Notices;
  readonly training: () => Promise<TrainingState>;
  readonly go: (place: Place) => void;
}

/** Takes files in; resolves when they are on their way. */
export type Intake = (files: readonly GivenFile[], place: Place) => Promise<void>;

export function createIntake({ engine, library, adapters, templates, notices, training, go }: IntakeParts): Intake {
  return async (files, place) => {
    // a worker that cannot tell takes it for a model, and says what is wrong with it
    const sorted = await sortGiven(files, place, (file) => engine.client.adapters.isAdapter(file).catch(() => false));
    if (sorted.models.length > 0) {
      go('models');
      library.imports.add(sorted.models);
    }
    for (const template of sorted.templates) {
      const kept = templates.take(template);
      notices.show(kept.problem ?? `The template ${kept.name} can be used in Instruct and in Fine-tune.`);
    }
    for (const folder of sorted.adapters) await adapters.add(folder);
    if (sorted.datasets.length + sorted.logs.length === 0) return;
    go('fine-tune');
    const { datasets, runs } = await training();
    for (const { file } of sorted.datasets) await datasets.add(file);
    for (const { file } of sorted.logs) await runs.openLog(file);
  };
}
