// A generation that outlives its device: when the device is lost, the text continues on another one. Sampling depends
// on the seed and the place alone, so the text is the same as without the loss.
import { PronkError } from '../../core/errors';
import { lossOr } from '../../gpu/device';
import type { Adapters } from '../adapters';
import { type DeviceWork, LOSSES } from '../models/device-work';
import { type GeneratedToken, generate } from './generate';
import { thinkingOf } from '../../tokenizer/thinking';
import { grammarsOf } from '../forms/grammar';
import type { ResponseFormat } from '../forms/response-format';
import { DryGuide } from './dry';
import { held, type OnHeld } from './held';
import { begunIds, encodePrompt, promptStops } from './prompt';
import { checkedBeams } from './request-numbers';
import { calledTools, toolsOf } from './tool-calls';
import { tokenizerInUse } from './tokenizer-in-use';
import type { EngineGeneration, EngineRequest } from './request';

export interface GenerationParts {
  readonly work: DeviceWork;
  readonly adapters: Adapters;
  readonly onHeld: OnHeld | undefined;
}

/** An answer gets at least this share of the context, whatever was said before. */
const ANSWER_SHARE = 1 / 4;

/** Positions of a context that are kept free for an answer. */
export const reservedFor = (maxTokens: number, context: number) =>
  Math.ceil(Math.min(maxTokens, context * ANSWER_SHARE));

/** @throws PronkError and the signal's reason, as `Engine.generate` */
export async function* generateResumed(
  { work, adapters, onHeld }: GenerationParts,
  request: EngineRequest,
): AsyncGenerator<GeneratedToken, EngineGeneration, void> {
  const { model, prompt, signal, stop = [], stopAtNextTurn = true, onProgress } = request;
  const beams = checkedBeams(request);
  // what cannot be held to is refused before anything is loaded for it
  const grammar = request.responseFormat && (await grammarOf(request.responseFormat));
  const answered = work.asking(model);
  let release = () => {};
  try {
    let told = 0;
    let losses = 0;
    for (let before = 0; ; ) {
      const turn = await work.decodeTurn(model, { signal, ...(onProgress && { onProgress }) });
      release = turn.release;
      const { hosted } = turn;
      signal?.throwIfAborted();
      const { context, config } = hosted.session;
      const used = await adapters.resolve(model, config, request.adapters);
      await hosted.session.setAdapters(used);
      const tokenizer = held(onHeld, model, () => tokenizerInUse(hosted.tokenizer, used));
      const thinks = prompt.kind === 'chat' && thinkingOf(tokenizer.chatTemplate) !== undefined;
      const reserve = reservedFor(request.maxTokens + ((thinks && request.thinkingBudget) || 0), context);
      const { begun, ids, thought, droppedMessages } = held(onHeld, model, () => {
        const length = begunIds(tokenizer, request.begun).length;
        const encoded = encodePrompt(tokenizer, prompt, context, reserve + length);
        return { begun: begunIds(tokenizer, request.begun, encoded.thought), ...encoded };
      });
      const stops = [...stop, ...(stopAtNextTurn ? promptStops(tokenizer, prompt) : [])];
      const grammars = grammarsOf(tokenizer, hosted.session.vocabSize);
      const form = grammar ?? toolsOf(tokenizer, prompt).grammar;
      const formed = form === undefined ? undefined : await grammars.guide(form);
      const { dry } = request;
      const guide = dry && dry.multiplier > 0 ? new DryGuide(tokenizer, ids, dry, formed) : formed;
      const given = { ...request, beams, stop: stops };
      const tokens = generate({ ...hosted, tokenizer }, ids, given, begun, thought, guide);
      try {
        const answer: number[] = [];
        for (let n = 0; ; n++) {
          const next = await tokens.next();
          if (next.done) {
            const called = calledTools(tokenizer, prompt, answer);
            return { ...next.value, droppedMessages, ...(called && { called }) };
          }
          if (next.value.reasoning === undefined) answer.push(next.value.token);
          if (n < told) continue;
          told++;
          yield next.value;
        }
      } catch (thrown) {
        const error = await lossOr(hosted.gpu, thrown);
        // a device that is lost again and again at one place is broken
        losses = told > before ? 1 : losses + 1;
        before = told;
        if (!(error instanceof PronkError) || error.code !== 'device-lost' || losses > LOSSES) throw error;
        work.forget();
        release();
      } finally {
        await tokens.return(undefined as never);
        guide?.end();
      }
    }
  } finally {
    release();
    answered();
  }
}

async function grammarOf(format: ResponseFormat): Promise<string | undefined> {
  const { formGrammar } = await import('../forms/form-grammar');
  return formGrammar(format);
}
