// Which settings to try when a run needs more memory than there is: those that change what is learnt least come first.
import type { TrainingConfig } from '../../worker/training-api';

export interface Lighter {
  readonly config: TrainingConfig;
  /** What was changed to get here, in words. */
  readonly changes: readonly string[];
}

const half = (value: number) => Math.ceil(value / 2);

/** One step towards less memory; undefined where nothing is left to give. */
function step(config: TrainingConfig): { readonly to: Partial<TrainingConfig>; readonly words: string } | undefined {
  const rows = config.per_device_train_batch_size;
  if (config.gradient_checkpointing !== true) {
    return { to: { gradient_checkpointing: true }, words: 'each layer is computed again on the way back' };
  }
  if (rows > 1) {
    const fewer = half(rows);
    const accumulation = Math.max(1, Math.round((rows * config.gradient_accumulation_steps) / fewer));
    return {
      to: { per_device_train_batch_size: fewer, gradient_accumulation_steps: accumulation },
      words: `${fewer === 1 ? 'one row' : `${fewer} rows`} at once`,
    };
  }
  if (config.cutoff_len > 128) {
    const cutoff = Math.max(128, half(config.cutoff_len));
    return { to: { cutoff_len: cutoff }, words: `a cutoff of ${cutoff} tokens` };
  }
  if (config.r > 4) {
    const r = half(config.r);
    // alpha over rank stays
    return { to: { r, lora_alpha: (config.lora_alpha * r) / config.r }, words: `rank ${r}` };
  }
  if (config.target_modules.length > 2) {
    return { to: { target_modules: ['q_proj', 'v_proj'] }, words: 'the q and v maps only' };
  }
  return undefined;
}

/** Ever lighter settings. The last value of what was changed repeatedly is what is said of it. */
export function* lighter(config: TrainingConfig): Generator<Lighter, void, void> {
  const changes = new Map<string, string>();
  for (let now = config; ; ) {
    const next = step(now);
    if (!next) return;
    now = { ...now, ...next.to };
    changes.set(Object.keys(next.to)[0], next.words);
    yield { config: now, changes: [...changes.values()] };
  }
}
