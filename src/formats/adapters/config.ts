// PEFT's adapter_config.json, of 2023 and later; and the configuration that says what some pairs are.

import type { LoraConfig, LoraPair } from '../../core/adapter';
import { corruptFile } from '../../core/errors';
import { type JsonObject, isObject, numberIn, stringIn } from '../../core/json';
import { unsupportedAdapter } from './failures';
import { moduleName } from './modules';

/** alpha / r, or alpha / √r for rsLoRA. */
function scaleOf(alpha: number, rank: number, rankStabilized: boolean): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** A configuration, and what it says about each module. */
export interface PeftConfig {
  readonly config: LoraConfig;
  /** The rank that the configuration asks for. */
  rankOf(module: string): number;
  scaleOf(module: string): number;
}

/**
 * Reads a configuration, refusing by name whatever changes a model otherwise than LoRA's pairs do.
 * @throws PronkError `unsupported-adapter`, `corrupt-file`
 */
export function readPeftConfig(json: JsonObject, name: string): PeftConfig {
  refuseOthers(json, name);
  const r = numberIn(json, 'r');
  const alpha = numberIn(json, 'lora_alpha') ?? 8; // PEFT's default
  if (r === undefined || !Number.isInteger(r) || r < 1)
    throw corruptFile(name, 'its rank r is not a whole number above 0');
  if (!Number.isFinite(alpha)) throw corruptFile(name, 'its lora_alpha is not a number');
  const ranks = patternsIn(json, 'rank_pattern', name);
  const alphas = patternsIn(json, 'alpha_pattern', name);
  const layers = json['layers_to_transform'];
  const saved = strings(json['modules_to_save']);
  const config: LoraConfig = {
    r,
    lora_alpha: alpha,
    lora_dropout: numberIn(json, 'lora_dropout') ?? 0,
    target_modules: strings(json['target_modules']),
    use_rslora: json['use_rslora'] === true,
    ...(json['use_dora'] === true && { use_dora: true }),
    ...(json['lora_bias'] === true && { lora_bias: true }),
    ...((json['bias'] === 'all' || json['bias'] === 'lora_only') && { bias: json['bias'] }),
    ...(saved.length && { modules_to_save: saved }),
    ...(json['ensure_weight_tying'] === true && { ensure_weight_tying: true }),
    ...(layers !== undefined && layers !== null && { layers_to_transform: layerList(layers, name) }),
    ...(ranks.size && { rank_pattern: Object.fromEntries(ranks) }),
    ...(alphas.size && { alpha_pattern: Object.fromEntries(alphas) }),
    base_model_name_or_path: stringIn(json, 'base_model_name_or_path') ?? '',
  };
  const [rankMatch, alphaMatch] = [matcher(ranks, name), matcher(alphas, name)];
  const rankOf = (module: string) => rankMatch(module) ?? r;
  return {
    config,
    rankOf,
    scaleOf: (module) => scaleOf(alphaMatch(module) ?? alpha, rankOf(module), config.use_rslora),
  };
}

/** Keys that stand for variants with a forward pass of their own. */
const OTHER_METHODS = /^(use_(?!(?:rslora|dora)$)\w+|(kasa|monteclora|arrow)_config)$/;
/** Ways to begin that take something off the base, and leave another one. */
const CHANGED_BASE = /^(pissa|olora|corda|loftq|lora_ga)/i;

/** The keys that mean another method, or weights beside the pairs, and what is said of each. */
function refuseOthers(json: JsonObject, name: string): void {
  const is = (what: string) => unsupportedAdapter(name, what);
  const type = json['peft_type'] ?? 'LORA';
  if (type !== 'LORA') throw is(`is of the kind ${String(type)}`);
  const other = Object.keys(json).find((key) => OTHER_METHODS.test(key) && json[key] !== null && json[key] !== false);
  if (other !== undefined) throw is(`is not a plain LoRA (${other})`);
  // fan_in_fan_out is no reason: it says how a base of Conv1D layers lies in memory, and PEFT ignores it for linear ones
  const bias = json['bias'] ?? 'none';
  if (!['none', 'all', 'lora_only'].includes(String(bias)))
    throw is(`trains biases in an unknown way (bias: ${String(bias)})`);
  for (const key of ['target_parameters', 'trainable_token_indices', 'layer_replication'] as const) {
    const value = json[key];
    const some = Array.isArray(value) || typeof value === 'string' ? value.length > 0 : isObject(value);
    if (some) throw is(`comes with more than LoRA’s pairs (${key}: ${JSON.stringify(value)})`);
  }
  if (json['alora_invocation_tokens']) throw is('is used after some tokens only (alora_invocation_tokens)');
  const init = json['init_lora_weights'];
  if (typeof init === 'string' && CHANGED_BASE.test(init)) {
    throw is(`belongs to a base that ${init} changed (init_lora_weights); convert it to plain LoRA when saving`);
  }
}

function strings(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((each) => typeof each === 'string');
}

function layerList(value: unknown, name: string): number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every((each): each is number => Number.isInteger(each))) {
    throw corruptFile(name, 'its layers_to_transform are not whole numbers');
  }
  return [...list];
}

function patternsIn(json: JsonObject, key: string, name: string): Map<string, number> {
  const entries = Object.entries(isObject(json[key]) ? json[key] : {});
  const wrong = entries.find(([, value]) => typeof value !== 'number' || !(value > 0 && value < Infinity));
  if (wrong) throw corruptFile(name, `its ${key} of ${wrong[0]} is not a number above 0`);
  return new Map(entries as [string, number][]);
}

/** Longer or more repetitive expressions than names need could take forever. */
const MAX_PATTERN = 200;
const MAX_REPEATS = 3;

/**
 * PEFT's rule (`get_pattern_key`): the first pattern that is a module's name, or the end of it from a dot on, as a
 * regular expression.
 */
function matcher(patterns: ReadonlyMap<string, number>, name: string): (module: string) => number | undefined {
  const rules = Array.from(patterns, ([pattern, value]) => {
    const repeats = pattern.match(/[*+{]/g)?.length ?? 0;
    if (pattern.length > MAX_PATTERN || repeats > MAX_REPEATS || /[)*+}?][*+{]/.test(pattern)) {
      throw unsupportedAdapter(name, `gives ranks or alphas by the expression ${pattern}, which is too complex`);
    }
    try {
      return [new RegExp(`^(?:(?:.*\\.)?(?:${pattern}))$`), value] as const;
    } catch {
      throw corruptFile(name, `its pattern ${pattern} is not a regular expression`);
    }
  });
  return (module) => rules.find(([rule]) => rule.test(module))?.[1];
}

/** What a configuration says of a pair, and of which module. */
export type PlacedPair = Pick<LoraPair, 'layer' | 'rank' | 'scale' | 'magnitude' | 'bias'> & {
  readonly module: string;
};

/** Pairs with their modules' names. */
export function placed<Pair extends LoraPair>(pairs: readonly Pair[]): (Pair & PlacedPair)[] {
  return pairs.map((pair) => ({ ...pair, module: moduleName(pair) }));
}

/** What pairs do not say. */
export type Told = Partial<LoraConfig>;

/**
 * The configuration that says exactly what these pairs are: most of them by r and alpha, the others by patterns of their
 * whole names, which every version of PEFT takes.
 * @param known r and alpha are taken from here where they are right
 * @param layers of the base
 */
export function configOf(pairs: readonly PlacedPair[], known: Told, layers: number): LoraConfig {
  const stabilized = known.use_rslora ?? false;
  const alphas = [known.lora_alpha, ...Object.values(known.alpha_pattern ?? {})];
  const alphaOf = ({ rank, scale }: PlacedPair) => {
    const exact = alphas.find((each) => each !== undefined && scaleOf(each, rank, stabilized) === scale);
    return exact ?? scale * (stabilized ? Math.sqrt(rank) : rank);
  };
  const r = mostCommon(pairs.map(({ rank }) => rank)) ?? known.r ?? 1;
  const alpha = mostCommon(pairs.map(alphaOf)) ?? known.lora_alpha ?? r;
  const others = (key: string, value: (pair: PlacedPair) => number, usual: number) => {
    const different = pairs.filter((pair) => value(pair) !== usual).map((pair) => [pair.module, value(pair)]);
    return different.length ? { [key]: Object.fromEntries(different) } : {};
  };
  return {
    r,
    lora_alpha: alpha,
    lora_dropout: known.lora_dropout ?? 0,
    use_rslora: stabilized,
    // a run that has not begun has no magnitudes: PEFT begins with the norms of the base's rows
    ...((known.use_dora || pairs.some(({ magnitude }) => magnitude)) && { use_dora: true }),
    ...(pairs.some((pair) => pair.bias) && { lora_bias: true }),
    ...(known.bias && { bias: known.bias }),
    ...(known.modules_to_save?.length && { modules_to_save: known.modules_to_save }),
    ...(known.ensure_weight_tying && { ensure_weight_tying: true }),
    ...targets(pairs, layers),
    ...others('rank_pattern', ({ rank }) => rank, r),
    ...others('alpha_pattern', alphaOf, alpha),
    base_model_name_or_path: known.base_model_name_or_path ?? '',
  };
}

/** Maps by name where each layer that is adapted has all of them; else every module by its whole name. */
function targets(
  pairs: readonly PlacedPair[],
  layers: number,
): Pick<LoraConfig, 'target_modules' | 'layers_to_transform'> {
  const maps = [...new Set(pairs.map(({ module }) => module.slice(module.lastIndexOf('.') + 1)))];
  const inner = maps.filter((map) => map !== 'lm_head');
  const adapted = [...new Set(pairs.filter(({ layer }) => layer >= 0).map(({ layer }) => layer))];
  const grid = pairs.length === inner.length * adapted.length + (maps.length - inner.length);
  if (grid && (adapted.length === layers || !adapted.length)) return { target_modules: maps };
  // the head is in none of the layers, so it would be left out
  if (grid && maps.length === inner.length) return { target_modules: maps, layers_to_transform: adapted };
  return { target_modules: pairs.map(({ module }) => module) };
}

export function mostCommon(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Array.from(counts).toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** adapter_config.json with the keys that PEFT has had since 2023; newer versions fill in their own. */
export function peftConfigJson(config: LoraConfig): string {
  const json: JsonObject = {
    alpha_pattern: config.alpha_pattern ?? {},
    auto_mapping: null,
    base_model_name_or_path: config.base_model_name_or_path,
    bias: config.bias ?? 'none',
    ...(config.ensure_weight_tying && { ensure_weight_tying: true }),
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: config.layers_to_transform ?? null,
    lora_alpha: config.lora_alpha,
    // older versions refuse a key that they do not know
    ...(config.lora_bias && { lora_bias: true }),
    lora_dropout: config.lora_dropout,
    modules_to_save: config.modules_to_save ?? null,
    peft_type: 'LORA',
    r: config.r,
    rank_pattern: config.rank_pattern ?? {},
    revision: null,
    target_modules: config.target_modules,
    task_type: 'CAUSAL_LM',
    use_dora: config.use_dora ?? false,
    use_rslora: config.use_rslora,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}
