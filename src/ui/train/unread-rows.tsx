import { Show } from 'solid-js';
import { countOf, formatNumber } from '../shared/format';
import { useTraining } from './context';

/** Rows of the file that could not be read, and what becomes of them: repaired, left out, or the file with them. */
export function UnreadRows() {
  const { datasets } = useTraining();
  const unread = () => datasets.chosen()?.unread ?? 0;
  async function repair(): Promise<void> {
    await datasets.rows.goToUnread();
    document.querySelector<HTMLElement>('.row-editor textarea')?.focus();
  }
  return (
    <Show when={unread() > 0}>
      <section class="unread-rows" aria-label="Rows that could not be read">
        <p>
          <strong>{countOf(unread(), 'row')}</strong> of {formatNumber(datasets.rows.count())} could not be read.{' '}
          {unread() === 1 ? 'It stays' : 'They stay'} here with {unread() === 1 ? 'its' : 'their'} text, and{' '}
          {unread() === 1 ? 'is' : 'are'} not used for training until repaired.
        </p>
        <div class="row">
          <button type="button" class="button" onClick={() => void repair()}>
            {unread() === 1 ? 'Repair it' : 'Repair the next one'}
          </button>
          <button type="button" class="button" onClick={() => void datasets.rows.removeUnread()}>
            {unread() === 1 ? 'Leave it out' : 'Leave them out'}
          </button>
          <button type="button" class="button quiet" onClick={() => datasets.remove(datasets.chosen()?.id ?? '')}>
            Delete the whole dataset
          </button>
        </div>
      </section>
    </Show>
  );
}
