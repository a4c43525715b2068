import { Show } from 'solid-js';
import { useApp } from '../context';
import { openParts, type Turn } from '../shared/conversation';
import { countOf, formatRate, formatStage } from '../shared/format';

/** What happens to the last answer, said once and quietly beneath the messages. */
export function ConversationNote() {
  const { chats, engine } = useApp();
  const last = () => chats.path().at(-1);
  const open = () => {
    const turn = last();
    const parts = turn && !chats.running() ? openParts(turn) : undefined;
    return parts?.own || parts?.base ? turn : undefined;
  };
  const failed = () => (last()?.state === 'failed' ? last() : undefined);

  const waiting = () => {
    if (engine.deviceWait.waiting()) return 'Waiting for a graphics device';
    const progress = engine.progress();
    if (progress) return `Waiting for the model: ${formatStage(progress).toLowerCase()}`;
    return engine.model() ? 'Reading the prompt' : 'Waiting for a model';
  };
  /** Which of two limits was reached, and what there is to do about it. */
  const atLimit = ({ timing }: Turn) => {
    const context = engine.loadedContext();
    const used = timing ? timing.promptTokens + timing.completionTokens : 0;
    const isInThought = last()?.content === '' && last()?.thought !== undefined;
    if (context === undefined || used < context)
      return isInThought ? 'The thought reached the limit of tokens.' : 'The answer reached its limit of tokens.';
    const longer = context < (engine.model()?.contextLength ?? 0);
    const full = `The context of ${countOf(context, 'token')} is full.`;
    return longer ? `${full} Load this model with a longer one under Models.` : full;
  };
  const words = () => {
    const turn = last();
    if (!turn) return '';
    if (turn.state === 'streaming') {
      if (turn.content === '' && !turn.thought) return waiting();
      return chats.tokensPerSecond() > 0 ? formatRate(chats.tokensPerSecond()) : '';
    }
    const dropped = turn.timing?.droppedMessages ?? 0;
    const notes = [
      turn.state === 'abort' && 'Stopped.',
      turn.state === 'stop' &&
        turn.content === '' &&
        turn.thought &&
        'The model ended with its thought, without an answer.',
      turn.state === 'length' && atLimit(turn),
      turn.state === 'length' && turn.form && 'It is cut off, so it does not have its form yet.',
      dropped > 0 &&
        `The oldest ${countOf(dropped, 'message')} no longer ${dropped === 1 ? 'fits' : 'fit'}; the model did not see ${dropped === 1 ? 'it' : 'them'}.`,
    ];
    return notes.filter(Boolean).join(' ');
  };

  return (
    <div class="conversation-note">
      <Show when={failed()} fallback={<p class="hint">{words()}</p>}>
        {(turn) => (
          <>
            <p role="alert">{turn().error?.message}</p>
            <button type="button" class="button" disabled={engine.blocked()} onClick={() => chats.regenerate(turn())}>
              Try again
            </button>
          </>
        )}
      </Show>
      <Show when={open()}>
        {(turn) => (
          <button type="button" class="button" disabled={engine.blocked()} onClick={() => chats.continueAnswer(turn())}>
            Continue
          </button>
        )}
      </Show>
    </div>
  );
}
