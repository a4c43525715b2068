// What files are that were given to the page as a whole, by their names: models, adapters, datasets, logs of training.
import type { GivenFile } from '../../worker/api';
import type { Place } from './route';

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);
const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const isAdapter = (path: string) => /^adapter_(config\.json|model\.(safetensors|bin))$/i.test(baseName(path));
const isLog = (path: string) => /trainer_state[^/]*\.json$/i.test(path);
/** Beside it, other files are a part of the model. */
const isWeights = (path: string) => /\.(gguf|safetensors|bin|pth|enc|model)$/i.test(path);
/** Of a whole model: what a checkpoint of training keeps beside an adapter is none. */
const isModel = (path: string) =>
  /^(model.*\.safetensors|pytorch_model.*\.bin|consolidated.*\.pth|.*\.gguf)$/i.test(baseName(path));

export interface Sorted {
  /** Each a folder's files. */
  readonly adapters: readonly (readonly GivenFile[])[];
  readonly datasets: readonly GivenFile[];
  readonly logs: readonly GivenFile[];
  readonly models: readonly GivenFile[];
}

/** Sorts files; a JSON file by itself is rows where datasets are worked on, else something for a model. */
export function sortGiven(files: readonly GivenFile[], place: Place): Sorted {
  const folders = new Set(files.filter(({ path }) => isAdapter(path)).map(({ path }) => folderOf(path)));
  // weights of a whole model in the same folder make the adapter's files its company
  const whole = files.some(({ path }) => isModel(path) && folders.has(folderOf(path)));
  const adapters = whole ? [] : [...folders].map((folder) => files.filter(({ path }) => folderOf(path) === folder));
  const taken = new Set(adapters.flat());
  const left = files.filter((file) => !taken.has(file));
  if (left.some(({ path }) => isWeights(path))) return { adapters, datasets: [], logs: [], models: left };
  const logs = left.filter(({ path }) => isLog(path));
  const rows = place === 'fine-tune' ? /\.(jsonl?|csv|tsv|txt)$/i : /\.(jsonl|csv|tsv)$/i;
  const datasets = left.filter((file) => !logs.includes(file) && rows.test(file.path));
  return { adapters, datasets, logs, models: left.filter((file) => !logs.includes(file) && !datasets.includes(file)) };
}
