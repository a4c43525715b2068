import { Show } from 'solid-js';
import { useApp } from '../context';
import { formatBytes, formatPercent, formatSeconds } from '../state/format';
import type { Import } from '../state/library';

/** A model on its way in, or why it did not get there. */
export function ImportRow(props: { item: Import }) {
  const { library } = useApp();
  const share = () => (props.item.total > 0 ? props.item.done / props.item.total : 0);
  const words = () => {
    const { stage, done, total, rate } = props.item;
    const left = rate > 0 && done < total ? `${formatSeconds(((total - done) / rate) * 1000)} left` : '';
    const speed = rate > 0 ? `${formatBytes(rate)}/s` : '';
    return [stage, done > 0 && formatPercent(done, total), formatBytes(total), speed, left].filter(Boolean).join(' · ');
  };
  return (
    <div class="import" classList={{ failed: props.item.error !== undefined }}>
      <div class="row">
        <div class="import-words">
          <strong>{props.item.name}</strong>
          <Show when={props.item.error} fallback={<p class="hint">{words()}</p>}>
            {(error) => <p role="alert">{error().message}</p>}
          </Show>
        </div>
        <button type="button" class="button quiet" onClick={() => library.dismiss(props.item.id)}>
          {props.item.error ? 'Dismiss' : 'Cancel'}
        </button>
      </div>
      <Show when={!props.item.error}>
        <div
          class="bar"
          role="progressbar"
          aria-label={`Import of ${props.item.name}`}
          aria-valuemin="0"
          aria-valuemax="100"
          aria-valuenow={Math.round(share() * 100)}
        >
          <span style={{ transform: `scaleX(${share()})` }} />
        </div>
      </Show>
    </div>
  );
}
