// How much of the model's context a chat takes: counted by the model's own tokenizer, a moment after the last change.
import { type Accessor, createMemo } from 'solid-js';
import { createAnswer } from '../shared/debounced-query';
import type { ChatsState } from './chats';
import type { EngineState } from '../shared/engine-state';
import type { SettingsState } from '../settings/settings';

export interface ContextUse {
  readonly tokens: number;
  readonly context: number;
  readonly droppedMessages: number;
}

/** Counts what Send would send now; with an empty box, what the last answer came to. Undefined where neither is known. */
export function createContextUse(
  engine: EngineState,
  chats: ChatsState,
  settings: SettingsState,
  /** Tokens that a thought may take. */
  thinkingBudget: Accessor<number>,
): Accessor<ContextUse | undefined> {
  const question = createMemo(() => {
    const [model, context] = [engine.model()?.id, engine.loadedContext()];
    if (model === undefined || context === undefined || chats.running() || chats.draft().trim() === '')
      return undefined;
    return {
      model,
      context,
      prompt: chats.promptFor(chats.draft()),
      maxTokens: settings.values().maxTokens + thinkingBudget(),
    };
  });
  const answer = createAnswer(question, async ({ model, prompt, context, maxTokens }) => ({
    ...(await engine.client.prompts.measure(model, prompt, context, maxTokens)),
    context,
  }));
  const said = (): ContextUse | undefined => {
    const context = engine.loadedContext();
    const timing = chats.path().at(-1)?.timing;
    if (context === undefined || !timing || timing.promptTokens === 0) return undefined;
    return { tokens: timing.promptTokens + timing.completionTokens, context, droppedMessages: 0 };
  };
  return () => (chats.draft().trim() === '' ? said() : answer.value());
}
