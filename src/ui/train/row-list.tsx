import { createVirtualizer } from '@tanstack/solid-virtual';
import { createEffect, createMemo, createUniqueId, For, on, Show } from 'solid-js';
import { IconButton } from '../components/icon-button';
import { wordsOf } from '../state/row-words';
import { formatNumber } from '../state/format';
import { useTraining } from './context';

const ROW_HEIGHT = 52;

/** All rows, of which those in sight are drawn; the arrow keys go from one to the next. */
export function RowList() {
  const { datasets, form } = useTraining();
  const { rows } = datasets;
  const id = createUniqueId();
  let scroller!: HTMLDivElement;
  const virtual = createVirtualizer({
    get count() {
      return rows.count();
    },
    getScrollElement: () => scroller,
    estimateSize: () => ROW_HEIGHT,
    overscan: 6,
  });
  const faulty = createMemo(() => new Set(form.report.value()?.problems.map(({ row }) => row)));
  createEffect(
    on(rows.selected, (index) => index >= 0 && virtual.scrollToIndex(index, { align: 'auto' }), { defer: true }),
  );

  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
  function key(event: KeyboardEvent): void {
    const last = rows.count() - 1;
    if (event.key in steps) rows.select(rows.selected() + steps[event.key]);
    else if (event.key === 'Home') rows.select(0);
    else if (event.key === 'End') rows.select(last);
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
      <div
        ref={scroller}
        class="virtual"
        role="listbox"
        aria-label="Rows of the dataset"
        tabindex="0"
        aria-activedescendant={rows.selected() >= 0 ? `${id}-${rows.selected()}` : undefined}
        onKeyDown={(event) => {
          key(event);
          undoKeys(event);
        }}
      >
        <div role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
          <For each={virtual.getVirtualItems()}>
            {(item) => (
              <div
                id={`${id}-${item.index}`}
                class="virtual-row"
                role="option"
                aria-selected={item.index === rows.selected()}
                aria-setsize={rows.count()}
                aria-posinset={item.index + 1}
                style={{ transform: `translateY(${item.start}px)`, height: `${item.size}px` }}
                onClick={() => rows.select(item.index)}
              >
                <span class="row-index">{formatNumber(item.index + 1)}</span>
                <Words index={item.index} />
                <Show when={faulty().has(item.index)}>
                  <span class="fault" role="img" aria-label="has a problem" title="This row has a problem" />
                </Show>
              </div>
            )}
          </For>
        </div>
      </div>
      <Show when={rows.count() === 0}>
        <p class="hint">No row is here. Add one.</p>
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
