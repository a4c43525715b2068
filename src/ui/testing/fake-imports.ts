// Imports without a worker: plans by the files' names, and progress by the clock.
import type {
  Contract,
  CuratedModel,
  GivenFile,
  ImportOrigin,
  ImportPlan,
  ModelSummary,
  PendingImport,
  PromptStyle,
  SavedFile,
} from '../../worker/contract';
import type { ClientEvent } from '../../worker/client';

const GB = 1e9;
const wait = (milliseconds: number) => new Promise((settle) => setTimeout(settle, milliseconds));
const coded = (name: string, message: string) => Object.assign(new Error(message), { name });

/** As point-alpaca published them. */
const PUBLISHED = [
  ['added_tokens.json', 21],
  ['config.json', 545],
  ['generation_config.json', 137],
  ['pytorch_model-00001-of-00003.bin', 9_878_000_000],
  ['pytorch_model-00002-of-00003.bin', 9_895_000_000],
  ['pytorch_model-00003-of-00003.bin', 7_181_000_000],
  ['pytorch_model.bin.index.json', 26_788],
  ['special_tokens_map.json', 96],
  ['tokenizer.model', 499_723],
  ['tokenizer_config.json', 228],
  ['trainer_state.json', 73_677],
  ['training_args.bin', 3707],
] as const;

const CURATED: readonly CuratedModel[] = [
  {
    address: 'HuggingFaceTB/SmolLM2-135M-Instruct@main',
    name: 'SmolLM2 135M Instruct',
    parameters: 134_500_000,
    bytes: 269_000_000,
    licence: 'apache-2.0',
    note: 'Small talk on any device',
  },
  {
    address: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0@main',
    name: 'TinyLlama 1.1B Chat',
    parameters: 1_100_000_000,
    bytes: 2_200_000_000,
    licence: 'apache-2.0',
    note: 'Plain chat on a laptop',
  },
  {
    address: 'openlm-research/open_llama_3b_v2@main',
    name: 'OpenLLaMA 3B v2',
    parameters: 3_426_000_000,
    bytes: 6_850_000_000,
    licence: 'apache-2.0',
    note: 'A base to fine-tune',
  },
];

const SEVEN_BILLION = {
  container: 'torch',
  architecture: 'llama',
  parameters: 6_738_000_000,
  layers: 32,
  vocabSize: 32_001,
  contextLength: 2048,
  defaultContext: 2048,
  cacheBytes: { fast: 524_288, exact: 1_048_576 },
} as const;

const SMALL = {
  container: 'gguf',
  architecture: 'llama',
  parameters: 260_032,
  layers: 5,
  vocabSize: 512,
  contextLength: 512,
  defaultContext: 512,
  cacheBytes: { fast: 640, exact: 1280 },
  licence: 'mit',
} as const;

const offer = { room: { bytes: 17.4 * GB, told: true, small: false }, gpuBytes: 8 * GB, device: 'Apple M2' };

function smallPlan(name: string, bytes: number, files: ImportPlan['files'], download = false): ImportPlan {
  return {
    name: name.replace(/\.gguf$/, ''),
    what: 'A GGUF model: LLaMA, 260 thousand parameters.',
    model: SMALL,
    files,
    readBytes: bytes,
    download,
    choices: [
      { quantize: 'q8', storedBytes: 290_000, weightBytes: 290_000, fits: true },
      { quantize: 'keep', storedBytes: 530_000, weightBytes: 530_000, fits: true },
    ],
    recommended: 'q8',
    ...offer,
  };
}

function largePlan(name: string, bytes: number, files: ImportPlan['files'], download = false): ImportPlan {
  const choice = (quantize: ImportPlan['choices'][number]['quantize'], size: number, problem?: string) => ({
    quantize,
    storedBytes: size,
    weightBytes: size,
    fits: problem === undefined,
    ...(problem !== undefined && { problem }),
  });
  return {
    name,
    what: 'A Hugging Face folder (PyTorch files): LLaMA, 6.7 billion parameters.',
    model: SEVEN_BILLION,
    files,
    readBytes: bytes,
    download,
    choices: [
      choice('q4', 3.79 * GB),
      choice('q8', 7.16 * GB),
      choice('f16', 13.5 * GB, 'It needs 14.6 GB of graphics memory, and this device offers about 8 GB.'),
      {
        ...choice('keep', 27 * GB),
        warning: 'It needs 27 GB of disk space, and the browser allows about 18 GB more. You can try it.',
      },
    ],
    recommended: 'q4',
    ...offer,
  };
}

function patchPlan(given: readonly GivenFile[]): ImportPlan {
  const names = given.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  const key = given.find(({ path }) => path.endsWith('.pth'));
  const plain = (name: string) => name.replace(/(\.[0-9a-f]+)?\.enc$/, '');
  const have = new Map(
    given
      .filter(({ path }) => path.endsWith('.enc'))
      .map((each, i) => [plain(names[given.indexOf(each)] ?? String(i)), each]),
  );
  const files = [
    ...PUBLISHED.map(([name, size]) => {
      const one = have.get(name);
      if (!one) return { name, published: true, state: 'missing' as const };
      const bad = one.file.name.includes('bad');
      return {
        name,
        size: Math.max(one.file.size, size) + 32,
        published: true,
        state: bad ? ('bad' as const) : ('present' as const),
        ...(bad && { problem: `${name} is cut short: 4.2 GB of 9.9 GB. Download it again.` }),
      };
    }),
    ...[...have.keys()]
      .filter((name) => !PUBLISHED.some(([known]) => known === name))
      .map((name) => ({ name, size: 4096, published: false, state: 'present' as const })),
  ];
  const missing = files.filter(({ published, state }) => published && state === 'missing').length;
  const patch = { ...(key && { key: { name: key.file.name, size: 13_476_939_516 } }), files };
  if (key && missing === 0) return { ...largePlan('point-alpaca', 27 * GB, []), patch };
  const message = key
    ? `${missing} of the 12 files are missing. Add them to make a model; those that are here can be saved already.`
    : 'The key is missing: consolidated.00.pth of LLaMA 7B. Add it.';
  return {
    name: 'point-alpaca',
    what: message,
    files: [],
    readBytes: 0,
    download: false,
    choices: [],
    ...offer,
    problem: { code: 'missing-file', message },
    patch,
  };
}

interface Worked {
  readonly emit: (event: ClientEvent) => void;
  readonly add: (model: ModelSummary) => void;
  readonly change: (id: string, values: Partial<ModelSummary>) => void;
  readonly make: (id: string, values: Partial<ModelSummary>) => ModelSummary;
  /** Milliseconds of a whole import. */
  readonly time: number;
  readonly pending: boolean;
}

interface Verbs extends Pick<Contract, 'imports' | 'patches' | 'hub'> {
  readonly models: Pick<Contract['models'], 'verify' | 'measureQuality' | 'export'>;
}

export function fakeImports({ emit, add, change, make, time, pending: begun }: Worked): Verbs {
  const given = new Map<string, GivenFile[]>();
  const plans = new Map<string, ImportPlan>();
  const stopped = new Map<string, 'paused' | 'cancelled'>();
  const pending = new Map<string, PendingImport>();
  if (begun) {
    pending.set('left', {
      id: 'left',
      name: 'llama-7b',
      done: 5.2 * GB,
      total: 13.5 * GB,
      startedAt: Date.now() - 7_200_000,
      needs: 'files',
      files: [{ name: 'llama-7b/pytorch_model-00001-of-00002.bin', size: 5 }],
    });
  }

  function look(id: string, origin: ImportOrigin): ImportPlan {
    if (origin.kind === 'hub') {
      if (/missing/.test(origin.address)) throw coded('not-found', `There is no ${origin.address} on huggingface.co.`);
      if (/gated/.test(origin.address) && !origin.tokens?.length) {
        throw coded(
          'gated',
          `huggingface.co does not give ${origin.address} to everybody. Accept its licence on its page, and then give an access token of your account.`,
        );
      }
      const name = origin.address.split('/').at(-1)!.split('@')[0];
      return largePlan(name, 13.5 * GB, [{ name: 'model.safetensors', size: 13.5 * GB }], true);
    }
    if (origin.kind === 'weight-diff') return largePlan('alpaca-7b', 27 * GB, []);
    const all = [...(given.get(id) ?? []), ...origin.files];
    given.set(id, all);
    const files = all.map(({ path, file }) => ({ name: path, size: file.size }));
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (all.some(({ path }) => path.endsWith('.enc')) || all.some(({ path }) => path.endsWith('.pth')))
      return patchPlan(all);
    if (all.some(({ path }) => path.endsWith('.gguf'))) return smallPlan(all[0].file.name, bytes, files);
    if (all.some(({ path }) => path.endsWith('.bin'))) return largePlan('llama-7b', 13.5 * GB, files);
    throw coded('unknown-format', `${all[0].file.name} holds no model. Add a GGUF file or a whole folder.`);
  }

  async function run(id: string, name: string, from: number, total: number): Promise<ModelSummary> {
    stopped.delete(id);
    const steps = 100;
    for (let i = Math.floor((from / total) * steps); i < steps; i++) {
      const done = (i * total) / steps;
      emit({ type: 'progress', task: 'import', id, stage: 'Reading and storing', done, total });
      await wait(time / steps);
      const stop = stopped.get(id);
      if (stop === 'paused') {
        const startedAt = Date.now();
        pending.set(id, { id, name, done, total, startedAt, needs: 'files', files: [] });
        throw coded('paused', 'The import is paused.');
      }
      if (stop) throw coded('AbortError', 'The import was cancelled.');
      if (name.includes('broken') && i > 20) {
        throw coded('corrupt-file', `${name} is damaged or incomplete. Download it again.`);
      }
    }
    pending.delete(id);
    const style: PromptStyle | undefined = /alpaca/.test(name) ? 'point-alpaca' : undefined;
    const model = make(id, { name, bytes: total, bundled: false, source: name, ...(style && { style }) });
    add(model);
    return model;
  }

  async function work(task: 'save' | 'verify' | 'quality', id: string, stage: string, total: number): Promise<void> {
    for (let i = 0; i < 30; i++) {
      emit({ type: 'progress', task, id, stage, done: (i * total) / 30, total });
      await wait(time / 60);
    }
  }

  const saved = (names: readonly string[]): SavedFile[] =>
    names.map((name) => ({ name, bytes: 4096, sha256: 'a'.repeat(64), ok: true, file: new File(['x'], name) }));

  return {
    imports: {
      async plan(id, origin) {
        await wait(origin.kind === 'hub' ? 500 : 30);
        const plan = look(id, origin);
        plans.set(id, plan);
        return plan;
      },
      async start(id, { name, quantize }) {
        const plan = plans.get(id)!;
        const total = plan.choices.find((choice) => choice.quantize === quantize)!.storedBytes;
        return run(id, name ?? plan.name, 0, total);
      },
      pause: async (id) => void stopped.set(id, 'paused'),
      async cancel(id) {
        stopped.set(id, 'cancelled');
        pending.delete(id);
        plans.delete(id);
        given.delete(id);
      },
      pending: async () => [...pending.values()],
      async resume(id, files) {
        const left = pending.get(id)!;
        if (left.needs === 'files' && !files) throw coded('missing-file', 'The same files are needed again to go on.');
        return run(id, left.name, left.done, left.total);
      },
    },
    patches: {
      async decrypt(id) {
        await work('save', id, 'Decrypting', 27 * GB);
        const files = plans.get(id)?.patch?.files.filter(({ state }) => state === 'present') ?? [];
        return saved(files.map(({ name }) => name));
      },
      async encrypt(id, _, files) {
        await work('save', id, 'Encrypting', 2 * GB);
        return saved(files.map(({ file }) => `${file.name}.${'a'.repeat(64)}.enc`));
      },
      async saveWeightDiff(id) {
        await work('save', id, 'Adding', 27 * GB);
        const files = await saved(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']);
        return { files, sum: 50_637.1836 };
      },
    },
    models: {
      verify: (id) => work('verify', id, 'Checking', 3.6 * GB),
      async measureQuality(id) {
        await work('quality', id, 'Measuring', 1000);
        const quality = {
          relativeError: {
            embed_tokens: 0.0042,
            q_proj: 0.0061,
            k_proj: 0.0062,
            v_proj: 0.0058,
            o_proj: 0.006,
            gate_proj: 0.0063,
            up_proj: 0.0063,
            down_proj: 0.0061,
            lm_head: 0.0055,
          },
          perplexity: 9.217,
          perplexityTokens: 1023,
        };
        change(id, { quality });
        return quality;
      },
      async export(id) {
        await work('save', id, 'Writing', 3.6 * GB);
        return saved(['model.gguf']);
      },
    },
    hub: {
      curated: async () => CURATED,
      tokenEndpoint: async (address) => (/^https?:/.test(address) ? new URL(address).origin : 'https://huggingface.co'),
    },
  };
}
