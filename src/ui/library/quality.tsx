import { For, Show } from 'solid-js';
import type { Quality } from '../../worker/contract';
import { formatNumber } from '../shared/format';

/** The sign stays on the number's line. */
const percent = (share: number) => `${Number((share * 100).toPrecision(2))}\u00a0%`;
const errorsOf = ({ relativeError }: Quality) => Object.entries(relativeError).toSorted(([, a], [, b]) => b - a);

/** `error at most 0.63 % · perplexity 9.22`; nothing where nothing is known. */
export function qualityWords(quality: Quality | undefined): string {
  if (!quality) return '';
  const [worst] = errorsOf(quality);
  const error = worst && (worst[1] === 0 ? 'identical to its source' : `error at most ${percent(worst[1])}`);
  const perplexity = quality.perplexity !== undefined && `perplexity ${quality.perplexity.toPrecision(3)}`;
  return [error, perplexity].filter(Boolean).join(' · ');
}

/** How far each kind of tensor is from its source, and how well the whole predicts a text. */
export function QualityTable(props: { quality: Quality }) {
  const errors = () => errorsOf(props.quality);
  const most = () => Math.max(1e-9, ...errors().map(([, error]) => error));
  return (
    <>
      <Show when={errors().length > 0}>
        <details class="fold">
          <summary>Relative error by kind of tensor</summary>
          <table class="files errors">
            <thead class="visually-hidden">
              <tr>
                <th scope="col">Tensor</th>
                <th scope="col">Relative error</th>
              </tr>
            </thead>
            <tbody>
              <For each={errors()}>
                {([name, error]) => (
                  <tr>
                    <td>
                      <code>{name}</code>
                    </td>
                    <td class="number-cell">
                      <span class="error-bar" style={{ '--share': error / most() }} />
                      {percent(error)}
                    </td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
          <p class="hint">
            The norm of the difference between stored and original values, divided by the norm of the original values.
          </p>
        </details>
      </Show>
      <Show when={props.quality.perplexity}>
        {(perplexity) => (
          <p role="status">
            Perplexity {perplexity().toPrecision(4)}{' '}
            <span class="hint">
              on {formatNumber(props.quality.perplexityTokens ?? 0)} tokens of a text that comes with Pronk: the number
              of tokens that the model wavers between on average. Lower is better; only models with the same vocabulary
              can be compared.
            </span>
          </p>
        )}
      </Show>
    </>
  );
}
