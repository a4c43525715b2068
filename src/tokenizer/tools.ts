// Tools that a model may call, in OpenAI's shape, and how the families write a call: Hermes and Qwen (`<tool_call>{…}</tool_call>`),
// Llama 3 (`{"name", "parameters"}`, behind `<|python_tag|>` or alone), Mistral (`[TOOL_CALLS][{…}]`, or
// `[TOOL_CALLS]name[ARGS]{…}`), SmolLM3 as Hermes.
import { isObject } from '../core/json';
import { Text } from './jinja/text';
import { Dict, List, type Value } from './jinja/values';

/** A function that a model may call. */
export interface Tool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    /** A JSON schema of an object; none takes no arguments. */
    readonly parameters?: { readonly [keyword: string]: unknown };
  };
}

/** A call that a model wrote. */
export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    /** JSON, as the model wrote it. */
    readonly arguments: string;
  };
}

/** How a family writes calls. */
export interface CallForm {
  /** In front of a call. */
  readonly open: string;
  /** Behind it. */
  readonly close: string;
  /** Calls are the elements of a list. */
  readonly isList: boolean;
  readonly argumentsName: 'arguments' | 'parameters';
}

const HERMES: CallForm = { open: '<tool_call>\n', close: '\n</tool_call>', isList: false, argumentsName: 'arguments' };
const LLAMA: CallForm = { open: '', close: '', isList: false, argumentsName: 'parameters' };
const MISTRAL: CallForm = { open: '[TOOL_CALLS]', close: '', isList: true, argumentsName: 'arguments' };

/** The form that a chat template speaks of; undefined where it knows no tools. */
export function callFormOf(chatTemplate: string | undefined): CallForm | undefined {
  if (chatTemplate === undefined || !/\btools\b|\bxml_tools\b/.test(chatTemplate)) return undefined;
  if (chatTemplate.includes('[TOOL_CALLS]')) return MISTRAL;
  if (chatTemplate.includes('<tool_call>')) return HERMES;
  return /python_tag|"parameters"/.test(chatTemplate) ? LLAMA : HERMES;
}

/** JSON as a template sees it. Texts are marked as those of `origin`, so that they are never taken for special tokens. */
export function templateValue(value: unknown, origin: number): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return Text.of(value, origin);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) return new List(value.map((each) => templateValue(each, origin)));
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  return new Dict(entries.map(([key, each]) => [Text.of(key, origin), templateValue(each, origin)]));
}

/** A call as templates read it: arguments are an object there, where they are JSON. */
export function callValue({ id, function: { name, arguments: text } }: ToolCall, origin: number): Dict {
  const args = parsed(text);
  const called = Dict.from({
    name: Text.of(name, origin),
    arguments: isObject(args) ? templateValue(args, origin) : Text.of(text, origin),
  });
  return Dict.from({ id: Text.of(id, origin), type: new Text('function'), function: called });
}

/** An answer that may have calls in it. */
export interface ParsedAnswer {
  /** What was said beside the calls. */
  readonly content: string;
  readonly calls: readonly ToolCall['function'][];
}

/**
 * Finds the calls in an answer.
 * @param text with special tokens spelled out
 * @param names of the tools; a JSON object that names no tool is no call
 */
export function parseCalls(text: string, names: ReadonlySet<string>): ParsedAnswer {
  const call = (value: unknown): ToolCall['function'] | undefined => {
    if (!isObject(value)) return undefined;
    const { name } = value;
    const args = value['arguments'] ?? value['parameters'] ?? {};
    if (typeof name !== 'string' || !names.has(name)) return undefined;
    return { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) };
  };
  const callsOf = (part: string) => {
    const value = parsed(part.trim());
    const found = (Array.isArray(value) ? value : [value]).map(call);
    return found.every((each) => each !== undefined) && found.length > 0 ? found : undefined;
  };

  const marked = Array.from(text.matchAll(/<tool_call>([^]*?)(?:<\/tool_call>|$)/g));
  const inMarks = marked.map(([, inside = '']) => callsOf(inside));
  if (marked.length > 0 && inMarks.every((each) => each !== undefined)) {
    return { content: text.replace(/<tool_call>[^]*?(?:<\/tool_call>|$)/g, '').trim(), calls: inMarks.flat() };
  }
  const [before = '', ...parts] = text.split('[TOOL_CALLS]');
  if (parts.length > 0) {
    const found = parts.map((part) => {
      const [, name, args] = /^\s*([\w.-]+)(?:\[CALL_ID\]\w+)?\[ARGS\]([^]*)$/.exec(part) ?? [];
      const named = name !== undefined && names.has(name) && isObject(parsed((args ?? '').trim()));
      return named ? [{ name, arguments: (args ?? '').trim() }] : callsOf(part);
    });
    if (found.every((each) => each !== undefined)) return { content: before.trim(), calls: found.flat() };
  }
  const alone = text.replace(/^\s*<\|python_tag\|>/, '').replace(/<\|(?:eom_id|eot_id)\|>\s*$/, '');
  const calls = callsOf(alone) ?? callsOf(`[${alone.replaceAll(/\}\s*;\s*\{/g, '},{')}]`);
  return calls ? { content: '', calls } : { content: text, calls: [] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
