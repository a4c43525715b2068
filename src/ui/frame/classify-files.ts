// What files are that were given to the page as a whole: models, adapters, datasets, logs of training, instruct templates.
// Names tell most of it; what is inside is looked at where they do not.
import type { GivenFile, PromptTemplate } from '../../worker/contract';
import { baseName, folderOf } from '../shared/paths';
import type { Place } from '../shared/route';
import { readTemplate } from '../instruct/templates';

const isAdapter = (path: string) => /^adapter_(config\.json|model\.(safetensors|bin))$/i.test(baseName(path));
const isLog = (path: string) => /trainer_state[^/]*\.json$/i.test(path);
/** Beside it, other files are a part of the model. */
const isWeights = (path: string) => /\.(gguf|safetensors|bin|pth|enc|model)$/i.test(path);
/** Weights of a whole model, which a checkpoint of training keeps none of beside an adapter. */
const isModel = (path: string) =>
  /^(model.*\.safetensors|pytorch_model.*\.bin|consolidated.*\.pth|.*\.gguf)$/i.test(baseName(path));
/** Templates are some lines of JSON; nothing larger is read to find out. */
const TEMPLATE_BYTES = 64 << 10;

export interface Sorted {
  /** Each a folder's files, or a file. */
  readonly adapters: readonly (readonly GivenFile[])[];
  readonly datasets: readonly GivenFile[];
  readonly logs: readonly GivenFile[];
  readonly models: readonly GivenFile[];
  readonly templates: readonly PromptTemplate[];
}

/** Sorts files by what they are. @param isGgufAdapter whether a GGUF file is an adapter and no model */
export async function sortGiven(
  files: readonly GivenFile[],
  place: Place,
  isGgufAdapter: (file: File) => Promise<boolean>,
): Promise<Sorted> {
  const gguf = files.filter(({ path }) => /\.gguf$/i.test(path));
  const alone = new Set<GivenFile>();
  for (const file of gguf) if (await isGgufAdapter(file.file)) alone.add(file);
  const { adapters, ...others } = sortNamed(
    files.filter((file) => !alone.has(file)),
    place,
  );
  const templates: PromptTemplate[] = [];
  const isRest = async (file: GivenFile) => {
    const template = await templateIn(file);
    if (template) templates.push(template);
    return !template;
  };
  return {
    adapters: [...adapters, ...[...alone].map((file) => [file])],
    logs: others.logs,
    datasets: await filtered(others.datasets, isRest),
    models: others.models.some(({ path }) => isWeights(path)) ? others.models : await filtered(others.models, isRest),
    templates,
  };
}

/** By names; a JSON file by itself is rows where datasets are worked on, else something for a model. */
function sortNamed(files: readonly GivenFile[], place: Place): Omit<Sorted, 'templates'> {
  const folders = adapterFolders(files);
  // weights of a whole model in the same folder make the adapter's files its company
  const whole = files.some(({ path }) => isModel(path) && folders.includes(folderOf(path)));
  const within = (folder: string) => files.filter(({ path }) => path.startsWith(folder));
  const adapters = whole ? [] : folders.map(within);
  const taken = new Set(adapters.flat());
  const left = files.filter((file) => !taken.has(file));
  // training leaves its log beside the adapter that it made
  const beside = [...taken].filter(({ path }) => isLog(path) && folders.includes(folderOf(path)));
  if (left.some(({ path }) => isWeights(path))) return { adapters, datasets: [], logs: beside, models: left };
  const logs = left.filter(({ path }) => isLog(path));
  const rows = place === 'fine-tune' ? /\.(jsonl?|ndjson|csv|tsv|txt|parquet)$/i : /\.(jsonl|ndjson|csv|tsv|parquet)$/i;
  const datasets = left.filter((file) => !logs.includes(file) && rows.test(file.path));
  const models = left.filter((file) => !logs.includes(file) && !datasets.includes(file));
  return { adapters, datasets, logs: [...beside, ...logs], models };
}

/** Folders of adapters, but not those inside of another one: checkpoints on the way to it. */
function adapterFolders(files: readonly GivenFile[]): string[] {
  const folders = [...new Set(files.filter(({ path }) => isAdapter(path)).map(({ path }) => folderOf(path)))];
  return folders.filter((folder) => !folders.some((other) => other !== folder && folder.startsWith(other)));
}

/** One of alpaca-lora's templates/*.json, or the like. */
async function templateIn({ file, path }: GivenFile): Promise<PromptTemplate | undefined> {
  if (!/\.json$/i.test(path) || file.size > TEMPLATE_BYTES) return undefined;
  return readTemplate(file);
}

async function filtered<T>(list: readonly T[], keeps: (each: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = [];
  for (const each of list) if (await keeps(each)) kept.push(each);
  return kept;
}
