import { Show } from 'solid-js';
import { formatBytes, formatLeft, formatPercent } from './format';
import { timeLeft, type Work } from './throughput';

/** How far something is: stage, share, rate and time left, and a bar. `bytes` is false where something else is counted. */
export function WorkBar(props: { label: string; work: Work; resting?: boolean; bytes?: boolean }) {
  const share = () => (props.work.total > 0 ? Math.min(1, props.work.done / props.work.total) : 0);
  const words = () => {
    const { stage, done, total, rate } = props.work;
    const inBytes = props.bytes !== false;
    const left = props.resting ? undefined : timeLeft(props.work);
    const parts = [
      props.resting ? 'Paused' : stage,
      total > 0 && formatPercent(done, total),
      total > 0 && inBytes && `${formatBytes(done)} of ${formatBytes(total)}`,
      !props.resting && rate > 0 && inBytes && `${formatBytes(rate)}/s`,
      left !== undefined && `${formatLeft(left)} left`,
    ];
    return parts.filter(Boolean).join(' · ');
  };
  return (
    <>
      <p class="hint work-words">{words()}</p>
      <Show when={props.work.total > 0}>
        <div
          class="bar"
          role="progressbar"
          aria-label={props.label}
          aria-valuemin="0"
          aria-valuemax="100"
          aria-valuenow={Math.round(share() * 100)}
          aria-valuetext={words()}
        >
          <span style={{ transform: `scaleX(${share()})` }} />
        </div>
      </Show>
    </>
  );
}
