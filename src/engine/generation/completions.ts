// Chat completions in OpenAI's shape (https://platform.openai.com/docs/api-reference/chat), with the sampling controls of
// transformers beside it.
import type { ChatStyle } from '../../tokenizer/chat-styles';
import type { ChatMessage } from '../../tokenizer/chat-message';
import type { Tool, ToolCall } from '../../tokenizer/tools';
import type { ToolChoice } from '../forms/tool-grammar';
import type { CalledTools } from './tool-calls';
import type { ResponseFormat } from '../forms/response-format';
import { checkedLogprobs, checkedPenalty, checkedBias } from './request-numbers';
import type { Generate } from './request';
import type { ShownToken, TokenLogprobs } from './token-logprobs';
import type { AdapterUse } from '../training/types';

export interface ChatCompletionRequest {
  /** A model's id. */
  readonly model: string;
  /** Content is null where the assistant only called tools. */
  readonly messages: readonly (Omit<ChatMessage, 'content'> & { readonly content: string | null })[];
  readonly stream?: boolean | null;
  /** OpenAI's default is 1. */
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly max_tokens?: number | null;
  /** The newer name of `max_tokens`. */
  readonly max_completion_tokens?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly seed?: number | null;
  /** −2 to 2, 0 is off. */
  readonly presence_penalty?: number | null;
  /** −2 to 2, 0 is off. */
  readonly frequency_penalty?: number | null;
  /** −100 to 100 by id, added to logits. */
  readonly logit_bias?: Readonly<Record<string, number>> | null;
  /** Tells how likely each token was. */
  readonly logprobs?: boolean | null;
  /** The likeliest tokens beside each one, 0 to 20. */
  readonly top_logprobs?: number | null;
  /** Functions that the model may call, where its chat template knows tools. */
  readonly tools?: readonly Tool[] | null;
  /** Which of them, and whether it must; `auto` where it is not given. */
  readonly tool_choice?: ToolChoice | null;
  /** The form of the answer; beyond OpenAI's, a regular expression or one of several texts. */
  readonly response_format?: ResponseFormat | null;
  /** Beyond OpenAI's, as in transformers: texts that a beam search goes on with at a time, 0 to 4; at temperature 0. */
  readonly num_beams?: number | null;
  /** Beyond OpenAI's, as in transformers: above 0 a beam search prefers longer texts. */
  readonly length_penalty?: number | null;
  /** Beyond OpenAI's, as in transformers: when a beam search ends. */
  readonly early_stopping?: boolean | 'never' | null;
  /** Beyond OpenAI's: 0 is off. */
  readonly top_k?: number;
  /** Beyond OpenAI's: 0 is off. */
  readonly min_p?: number;
  /** Beyond OpenAI's: 1 is off. */
  readonly repetition_penalty?: number;
  /** Beyond OpenAI's: a publisher's form of the conversation in place of the model's own template. */
  readonly prompt_style?: ChatStyle | null;
  /** Beyond OpenAI's: whether the model is to think first, where its chat template has a switch for that. */
  readonly enable_thinking?: boolean | null;
  /** Beyond OpenAI's: tokens that a thought may take, beside `max_tokens`; after them it is closed and the answer goes on. */
  readonly thinking_budget?: number | null;
  /** Beyond OpenAI's: adapters instead of those that the model is used with; an empty list is the base. */
  readonly adapters?: readonly AdapterUse[] | null;
}

type CompletionFinish = 'stop' | 'length' | 'tool_calls';

/** A token in OpenAI's shape. */
interface CompletionToken {
  readonly token: string;
  /** Natural logarithm of the model's own probability. */
  readonly logprob: number;
  /** UTF-8. */
  readonly bytes: readonly number[];
}

interface CompletionLogprobs {
  readonly content: readonly (CompletionToken & { readonly top_logprobs: readonly CompletionToken[] })[];
}

export interface ChatCompletion {
  readonly id: string;
  readonly object: 'chat.completion';
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly choices: readonly [
    {
      readonly index: 0;
      readonly message: {
        readonly role: 'assistant';
        /** Null where there are calls alone. */
        readonly content: string | null;
        readonly tool_calls?: readonly ToolCall[];
        /** The thought before the answer, if there was one. */
        readonly reasoning_content?: string;
      };
      /** Where they are asked for. */
      readonly logprobs?: CompletionLogprobs;
      readonly finish_reason: CompletionFinish;
    },
  ];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
    readonly completion_tokens_details: { readonly reasoning_tokens: number };
  };
}

export interface ChatCompletionChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly [
    {
      readonly index: 0;
      readonly delta: {
        readonly role?: 'assistant';
        readonly content?: string;
        readonly reasoning_content?: string;
        readonly tool_calls?: readonly (ToolCall & { readonly index: number })[];
      };
      readonly logprobs?: CompletionLogprobs;
      readonly finish_reason: CompletionFinish | null;
    },
  ];
}

export interface RequestOptions {
  /** Ends the completion early: a stream ends, a promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** `engine.chat.completions` */
export class ChatCompletions {
  readonly #generate: Generate;

  constructor(generate: Generate) {
    this.#generate = generate;
  }

  create(
    request: ChatCompletionRequest & { readonly stream: true },
    options?: RequestOptions,
  ): Promise<AsyncGenerator<ChatCompletionChunk, void, void>>;
  create(
    request: ChatCompletionRequest & { readonly stream?: false | null },
    options?: RequestOptions,
  ): Promise<ChatCompletion>;
  async create(
    request: ChatCompletionRequest,
    { signal }: RequestOptions = {},
  ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk, void, void>> {
    const head = {
      id: `chatcmpl-${crypto.randomUUID()}`,
      created: Math.floor(Date.now() / 1000),
      model: request.model,
    };
    const tokens = this.#generate(toGenerate(request, signal));
    if (request.stream) return stream(head, tokens, Boolean(request.tools?.length));
    const scored: TokenLogprobs[] = [];
    for (;;) {
      const next = await tokens.next();
      if (!next.done) {
        if (next.value.logprobs) scored.push(next.value.logprobs);
        continue;
      }
      signal?.throwIfAborted();
      const { text, called, reasoning, finish, promptTokens, completionTokens, reasoningTokens } = next.value;
      const thought = reasoning !== undefined && { reasoning_content: reasoning };
      return {
        ...head,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', ...saidAndCalled(text, called), ...thought },
            ...(request.logprobs && { logprobs: logprobsOf(scored) }),
            finish_reason: reason(finish, called),
          },
        ],
        usage: {
          prompt_tokens: promptTokens,
          completion_tokens: completionTokens,
          total_tokens: promptTokens + completionTokens,
          completion_tokens_details: { reasoning_tokens: reasoningTokens },
        },
      };
    }
  }
}

type Head = Pick<ChatCompletion, 'id' | 'created' | 'model'>;
type Tokens = ReturnType<Generate>;

/** @param waits for the end: only then it is known what is said and what is called */
async function* stream(head: Head, tokens: Tokens, waits: boolean): AsyncGenerator<ChatCompletionChunk, void, void> {
  const chunk = (
    delta: ChatCompletionChunk['choices'][0]['delta'],
    finish_reason: CompletionFinish | null,
    scored: readonly TokenLogprobs[] = [],
  ): ChatCompletionChunk => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, ...(scored.length > 0 && { logprobs: logprobsOf(scored) }), finish_reason }],
  });
  yield chunk({ role: 'assistant', content: '' }, null);
  // tokens whose text is not certain yet
  const waiting: TokenLogprobs[] = [];
  try {
    for (;;) {
      const next = await tokens.next();
      if (next.done) {
        if (waiting.length > 0) yield chunk({ content: '' }, null, waiting);
        const { called, finish, text } = next.value;
        const { content, tool_calls: calls } = saidAndCalled(text, called);
        if (waits && content !== null) yield chunk({ content }, null);
        if (calls) yield chunk({ tool_calls: calls.map((call, index) => ({ index, ...call })) }, null);
        yield chunk({}, reason(finish, called));
        return;
      }
      if (next.value.logprobs) waiting.push(next.value.logprobs);
      if (next.value.reasoning) yield chunk({ reasoning_content: next.value.reasoning }, null, waiting.splice(0));
      if (next.value.text !== '' && !waits) yield chunk({ content: next.value.text }, null, waiting.splice(0));
    }
  } finally {
    // a reader that leaves early ends the generation
    await tokens.return(undefined as never);
  }
}

function toGenerate(request: ChatCompletionRequest, signal: AbortSignal | undefined) {
  const { stop } = request;
  return {
    model: request.model,
    adapters: request.adapters ?? undefined,
    prompt: {
      kind: 'chat',
      messages: request.messages.map((each) => ({ ...each, content: each.content ?? '' })),
      tools: request.tools ?? undefined,
      toolChoice: request.tool_choice ?? undefined,
      style: request.prompt_style ?? undefined,
      thinking: request.enable_thinking ?? undefined,
    },
    thinkingBudget: request.thinking_budget ?? undefined,
    sampling: {
      temperature: request.temperature ?? 1,
      topK: request.top_k ?? 0,
      topP: request.top_p ?? 1,
      minP: request.min_p ?? 0,
      repetitionPenalty: request.repetition_penalty ?? 1,
      seed: request.seed ?? Math.floor(Math.random() * 2 ** 32),
    },
    adjustments: {
      presencePenalty: checkedPenalty(request.presence_penalty, 'presence_penalty'),
      frequencyPenalty: checkedPenalty(request.frequency_penalty, 'frequency_penalty'),
      logitBias: checkedBias(request.logit_bias),
    },
    topLogprobs: request.logprobs ? checkedLogprobs(request.top_logprobs ?? 0) : undefined,
    responseFormat: request.response_format ?? undefined,
    beams: {
      beams: request.num_beams ?? 0,
      lengthPenalty: request.length_penalty ?? 1,
      earlyStopping: request.early_stopping ?? false,
    },
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? Infinity,
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    ...(signal && { signal }),
  } as const;
}

function logprobsOf(scored: readonly TokenLogprobs[]): CompletionLogprobs {
  const token = ({ text, logprob, bytes }: ShownToken): CompletionToken => ({ token: text, logprob, bytes });
  return { content: scored.map((each) => ({ ...token(each), top_logprobs: each.top.map(token) })) };
}

/** What a message has of an answer. */
function saidAndCalled(text: string, called: CalledTools | undefined) {
  if (!called?.toolCalls.length) return { content: called?.content ?? text };
  return { content: called.content === '' ? null : called.content, tool_calls: called.toolCalls };
}

function reason(finish: 'stop' | 'length' | 'abort', called?: CalledTools): CompletionFinish {
  if (finish === 'stop' && called?.toolCalls.length) return 'tool_calls';
  return finish === 'length' ? 'length' : 'stop';
}
