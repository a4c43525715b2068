import { For, Show } from 'solid-js';
import type { RowPreview } from '../../worker/contract';
import { formatNumber } from '../shared/format';
import { useTraining } from './context';

/** A row as the model reads it: the tokens that are in the loss are coloured, special ones stand out. */
export function TokenPreview() {
  const { form } = useTraining();
  return (
    <Show when={form.preview.value()}>
      {(preview) => (
        <figure class="token-preview" aria-busy={form.preview.pending()}>
          <figcaption>
            <span>As the model reads it</span>
            <span class="key">
              <span class="swatch learnt" /> in the loss
              <span class="swatch" /> prompt only
            </span>
          </figcaption>
          <div class="tokens" tabindex="0" role="group" aria-label="Tokens of the row">
            <For each={preview().tokens}>
              {(token) => (
                <span
                  class="token"
                  classList={{ learnt: token.inLoss, special: token.special }}
                  title={`Token ${token.id}${token.inLoss ? ', in the loss' : ''}`}
                >
                  {token.special ? token.text : token.text.replaceAll('\n', '↵\n')}
                </span>
              )}
            </For>
          </div>
          <p class="hint preview-words">{previewWords(preview())}</p>
        </figure>
      )}
    </Show>
  );
}

/** How much of it is learnt, and whether the end is. */
function previewWords({ tokens, truncated }: RowPreview): string {
  const learnt = tokens.filter(({ inLoss }) => inLoss).length;
  const last = tokens.at(-1);
  const counted = `${formatNumber(learnt)} of ${formatNumber(tokens.length)} tokens are in the loss.`;
  if (truncated)
    return `${counted} The row is longer than the cutoff: its end is cut off, so it does not teach the model to stop.`;
  if (last?.special && last.inLoss) return `${counted} It ends with ${last.text}, so it teaches the model to stop.`;
  return `${counted} No end-of-text token is in the loss, so the model may not learn to stop.`;
}
