import { createVirtualizer } from '@tanstack/solid-virtual';
import { createEffect, createMemo, createSignal, createUniqueId, For, on, Show } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { wordsOf } from './row-text';
import { formatNumber } from '../shared/format';
import { useTraining } from './context';
import { RowSearch } from './row-search';

const ROW_HEIGHT = 52;

/** All rows, or those that are searched; what is in sight is drawn, and the arrow keys go from one to the next. */
export function RowList() {
  const { datasets, form } = useTraining();
  const { rows } = datasets;
  const id = createUniqueId();
  let scroller!: HTMLDivElement;
  const [onlyFaulty, setOnlyFaulty] = createSignal(false);
  const faulty = createMemo(() => new Set(form.report.value()?.problems.map(({ row }) => row)));
  /** Indices of the listed rows; undefined where all are. */
  const shown = createMemo(() => {
    const found = rows.found();
    if (found === undefined && !onlyFaulty()) return undefined;
    const of = found ?? [...faulty()].toSorted((a, b) => a - b);
    return of.filter((row) => row < rows.count() && (!onlyFaulty() || faulty().has(row)));
  });
  const length = () => shown()?.length ?? rows.count();
  const rowAt = (place: number) => (shown() ? (shown()?.[place] ?? -1) : place);
  const placeOf = (row: number) => shown()?.indexOf(row) ?? row;
  const virtual = createVirtualizer({
    get count() {
      return length();
    },
    getScrollElement: () => scroller,
    estimateSize: () => ROW_HEIGHT,
    overscan: 6,
  });
  createEffect(
    on(rows.selected, (row) => placeOf(row) >= 0 && virtual.scrollToIndex(placeOf(row), { align: 'auto' }), {
      defer: true,
    }),
  );
  // another list begins at the row that is shown, or at its top
  createEffect(
    on(shown, () => virtual.scrollToIndex(Math.max(0, placeOf(rows.selected())), { align: 'auto' }), { defer: true }),
  );

  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
  function key(event: KeyboardEvent): void {
    const last = length() - 1;
    const go = (place: number) => last >= 0 && rows.select(rowAt(Math.min(Math.max(place, 0), last)));
    if (event.key in steps) go(placeOf(rows.selected()) + steps[event.key]);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(last);
    else if (event.key === 'Delete') rows.remove(rows.selected());
    else return;
    event.preventDefault();
  }
  const undoKeys = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
    event.preventDefault();
    if (event.shiftKey) rows.redo();
    else rows.undo();
  };

  return (
    <div class="row-list">
      <div class="row list-tools">
        <h3>Rows</h3>
        <span class="spring" />
        <IconButton icon="plus" label="Add a row" onClick={() => rows.add()} />
        <IconButton
          icon="trash"
          label="Delete the row"
          disabled={rows.selected() < 0}
          onClick={() => rows.remove(rows.selected())}
        />
        <IconButton icon="undo" label="Undo" disabled={!rows.canUndo()} onClick={() => rows.undo()} />
        <IconButton icon="redo" label="Redo" disabled={!rows.canRedo()} onClick={() => rows.redo()} />
      </div>
      <RowSearch shown={shown()?.length} onlyFaulty={onlyFaulty()} onOnlyFaulty={setOnlyFaulty} />
      <div
        ref={scroller}
        class="virtual"
        role="listbox"
        aria-label="Rows of the dataset"
        tabindex="0"
        aria-activedescendant={placeOf(rows.selected()) >= 0 ? `${id}-${rows.selected()}` : undefined}
        onKeyDown={(event) => {
          key(event);
          undoKeys(event);
        }}
      >
        <div role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
          <For each={virtual.getVirtualItems()}>
            {(item) => (
              <div
                id={`${id}-${rowAt(item.index)}`}
                class="virtual-row"
                role="option"
                aria-selected={rowAt(item.index) === rows.selected()}
                aria-setsize={length()}
                aria-posinset={item.index + 1}
                style={{ transform: `translateY(${item.start}px)`, height: `${item.size}px` }}
                onClick={() => rows.select(rowAt(item.index))}
              >
                <span class="row-index">{formatNumber(rowAt(item.index) + 1)}</span>
                <Words index={rowAt(item.index)} />
                <Show when={faulty().has(rowAt(item.index)) || rows.row(rowAt(item.index))?.kind === 'unread'}>
                  <span class="fault" role="img" aria-label="has a problem" title="This row has a problem" />
                </Show>
              </div>
            )}
          </For>
        </div>
      </div>
      <Show when={rows.count() === 0}>
        <p class="hint">There are no rows yet. Add one.</p>
      </Show>
      <Show when={rows.count() > 0 && length() === 0}>
        <p class="hint">{rows.search().trim() === '' ? 'No row has a problem.' : 'No row contains that.'}</p>
      </Show>
    </div>
  );
}

function Words(props: { index: number }) {
  const { rows } = useTraining().datasets;
  const words = () => {
    const row = rows.row(props.index);
    return row && wordsOf(row);
  };
  return (
    <span class="row-words">
      <span>{words()?.asked || '…'}</span>
      <span class="hint">{words()?.answered || '—'}</span>
    </span>
  );
}
