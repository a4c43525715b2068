import { createUniqueId } from 'solid-js';
import { Icon } from '../shared/icon';
import { formatNumber } from '../shared/format';
import { useTraining } from './context';

/** Which rows are listed: those that hold a text, those with problems, or all. */
export function RowSearch(props: {
  shown: number | undefined;
  onlyFaulty: boolean;
  onOnlyFaulty: (on: boolean) => void;
}) {
  const { rows } = useTraining().datasets;
  const id = createUniqueId();
  return (
    <div class="row row-search" role="search">
      <span class="search-box">
        <Icon name="search" />
        <input
          type="search"
          class="field search-field"
          aria-label="Search the rows"
          placeholder="Search the rows"
          value={rows.search()}
          onInput={(event) => rows.setSearch(event.currentTarget.value)}
        />
      </span>
      <span class="check">
        <input
          id={id}
          type="checkbox"
          checked={props.onlyFaulty}
          onChange={(event) => props.onOnlyFaulty(event.currentTarget.checked)}
        />
        <label for={id}>with problems</label>
      </span>
      <span class="hint" role="status">
        {props.shown === undefined ? '' : `${formatNumber(props.shown)} of ${formatNumber(rows.count())}`}
      </span>
    </div>
  );
}
