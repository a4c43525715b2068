// Generations under way: text goes to the page in pieces of about a frame, so that a fast model does not flood it.
import type { LoadProgress } from '../engine/models/host';
import type { Engine } from '../engine/index';
import type { GenerateRequest, TokenLogprobs, WorkerEvent } from './contract';
import { errorData } from './errors';

/** Milliseconds between two pieces. */
const FRAME = 33;

export class Generations {
  readonly #loading: (modelId: string) => LoadProgress;
  readonly #engine: Engine;
  readonly #emit: (event: WorkerEvent) => void;
  readonly #running = new Map<string, AbortController>();

  /** @param loading makes the listener to a model's loading, which a generation may start */
  constructor(engine: Engine, emit: (event: WorkerEvent) => void, loading: (modelId: string) => LoadProgress) {
    this.#loading = loading;
    this.#engine = engine;
    this.#emit = emit;
  }

  stop(id: string): void {
    this.#running.get(id)?.abort();
  }

  /** Begins one, and returns at once: text, end and failure are emitted. */
  start(request: GenerateRequest): void {
    void this.#run(request);
  }

  async #run({ id, modelId, sampling, ...request }: GenerateRequest): Promise<void> {
    const asked = performance.now();
    const controller = new AbortController();
    this.#running.set(id, controller);
    const { signal } = controller;
    const tokens = this.#engine.generate({
      ...request,
      model: modelId,
      sampling,
      maxTokens: sampling.maxTokens,
      signal,
      onProgress: this.#loading(modelId),
    });
    let text = '';
    let reasoning = '';
    let thoughtTokens = 0;
    let thoughtMs = 0;
    let ids: number[] = [];
    let logprobs: (TokenLogprobs | null)[] = [];
    let count = 0;
    let known = 0;
    let first = 0;
    let sent = 0;
    const rate = (now: number) => (count > 1 ? ((count - 1) * 1000) / (now - first) : 0);
    const send = (now: number) => {
      if (ids.length > 0) {
        const thought = thoughtTokens > 0 && { reasoning, thought: { tokens: thoughtTokens, ms: thoughtMs } };
        const told = request.topLogprobs !== undefined && { logprobs };
        this.#emit({ type: 'text', id, text, ...thought, ids, ...told, tokens: count, tokensPerSecond: rate(now) });
      }
      [text, reasoning] = ['', ''];
      ids = [];
      logprobs = [];
      sent = now;
    };
    try {
      for (;;) {
        const next = await tokens.next();
        const now = performance.now();
        if (next.done) {
          send(now);
          const { finish, promptTokens, cachedTokens, completionTokens, droppedMessages, tokensPerSecond } = next.value;
          const timing = {
            promptTokens,
            cachedTokens,
            completionTokens,
            droppedMessages,
            // what the person waited for: the queue and the loading too
            firstTokenMs: first === 0 ? now - asked : first - asked,
            tokensPerSecond,
          };
          const { called } = next.value;
          this.#emit({ type: 'done', id, finish, timing, ...(called && { called }) });
          return;
        }
        text += next.value.text;
        ids.push(next.value.token);
        logprobs.push(next.value.logprobs ?? null);
        if (next.value.reasoning !== undefined) {
          reasoning += next.value.reasoning;
          thoughtTokens++;
        }
        if (next.value.again) {
          known++;
          continue;
        }
        if (count++ === 0) first = now;
        if (next.value.reasoning !== undefined) thoughtMs = now - first;
        if (now - sent >= FRAME) send(now);
      }
    } catch (error) {
      send(performance.now());
      if (signal.aborted) {
        const timing = {
          promptTokens: 0,
          cachedTokens: 0,
          completionTokens: known + count,
          droppedMessages: 0,
          firstTokenMs: 0,
          tokensPerSecond: 0,
        };
        this.#emit({ type: 'done', id, finish: 'abort', timing });
      } else this.#emit({ type: 'failed', id, error: errorData(error) });
    } finally {
      this.#running.delete(id);
    }
  }
}
