// The engine under Node: over the model that `--model` names, with Dawn for a device. The engine's own store is in memory, so
// that a folder which is only read is never written to.
import type { Engine } from '../engine/index';
import type { HostedModel } from '../engine/models/host';
import type { Model } from '../engine/models/model';
import type { AdapterUse } from '../engine/training/types';
import type { Quantize } from '../formats/checkpoint/weights';
import type { Gpu } from '../gpu/device';
import { memoryStore } from '../storage/memory';
import type { Store } from '../storage/store';
import { adapterFilesAt, pathAndStrength } from './input/adapter';
import { type Options, required } from './arguments';
import { checkedOptions, type LOAD_OPTIONS } from './input/load-options';
import { modelAt, sayModelNotes } from './input/model';
import { threadHashers } from './node-store/hashers';
import { fileTuning } from './node-store/tuning';

/** Opens the device and says which. */
export async function openDevice(): Promise<Gpu> {
  // only what opens a device loads Dawn
  const { findAdapter } = await import('./dawn');
  const adapter = await findAdapter();
  const { openAdapter } = await import('../gpu/device');
  const gpu = await openAdapter(adapter);
  console.error(`Adapter: ${gpu.name}${gpu.software ? ' (software)' : ''}`);
  return gpu;
}

interface EngineParts {
  readonly store: Store;
  /** Whether hashers can be saved and resumed, as an import needs them; those that cannot are several times as fast. */
  readonly resumable: boolean;
  /** Opens the device, for commands that compute. */
  readonly gpu?: () => Promise<Gpu>;
}

/** Makes an engine. Its code is loaded here, so that `--help` does without. */
export async function makeEngine({ store, resumable, gpu }: EngineParts): Promise<Engine> {
  const { createEngine } = await import('../engine/index');
  return createEngine({ store, gpu, tuning: fileTuning(), hashers: threadHashers({ resumable }) });
}

/** An engine, and a model that it knows by an id. */
interface EngineWithModel {
  readonly engine: Engine;
  readonly id: string;
}

/** An engine that knows the model which `--model` names; nothing of it is read yet. @throws PronkError `no-file` */
async function engineFor(path: string, quantize: Quantize = 'keep'): Promise<EngineWithModel> {
  const origin = await modelAt(path, quantize);
  const engine = await makeEngine({ store: memoryStore(), resumable: false, gpu: openDevice });
  return { engine, id: engine.models.attach(origin) };
}

/** A model and its adapters, read and checked. */
interface OpenedModel extends EngineWithModel {
  readonly model: Model;
  readonly adapters: readonly (AdapterUse & { readonly path: string })[];
}

/**
 * Reads and checks the model of `--model`, saying what should be known of it, and the adapters of `--adapter`. No device is
 * opened.
 * @throws PronkError whatever is wrong with the files; UsageError for a strength that is no number
 */
export async function openModelAndAdapters(
  path: string,
  quantize: Quantize,
  adapters: readonly string[] = [],
): Promise<OpenedModel> {
  const { engine, id } = await engineFor(path, quantize);
  const model = await engine.models.open(id);
  sayModelNotes(model);
  const attached = adapters.map(async (text) => {
    const { path: at, strength } = await pathAndStrength(text);
    return { path: at, id: await engine.adapters.attach(await adapterFilesAt(at), id), strength };
  });
  return { engine, id, model, adapters: await Promise.all(attached) };
}

/** A model on the GPU, and what it is computed with. */
export interface LoadedModel extends OpenedModel {
  readonly hosted: HostedModel;
  readonly loadMs: number;
}

/** Reads and checks all files, then opens the device, then loads. @throws PronkError as `openModelAndAdapters`, and `no-adapter`, `out-of-memory` */
export async function loadModel(options: Options<typeof LOAD_OPTIONS>): Promise<LoadedModel> {
  const started = performance.now();
  const { quantize, precision, contextFor } = checkedOptions(options);
  const opened = await openModelAndAdapters(required(options.model, 'model'), quantize, options.adapter);
  const context = contextFor(opened.model.config);
  // one answer is given: what is read ahead for the first of many would only delay it
  const how = { precision, context, beyondTrained: true, warmUp: false };
  const hosted = await opened.engine.load(opened.id, how);
  return { ...opened, hosted, loadMs: performance.now() - started };
}
