import { createUniqueId, For, type JSX } from 'solid-js';

export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
}

/** A button that opens a list of things to do beside it; Escape or a click elsewhere closes it. */
export function Menu(props: { label: string; class?: string; children: JSX.Element; items: readonly MenuItem[] }) {
  const id = createUniqueId();
  let button!: HTMLButtonElement;
  let list!: HTMLDivElement;

  function place(open: boolean): void {
    if (!open) return;
    const { bottom, top, right } = button.getBoundingClientRect();
    const height = list.offsetHeight;
    list.style.top = `${bottom + height + 8 > innerHeight ? top - height - 4 : bottom + 4}px`;
    list.style.left = `${Math.max(8, right - list.offsetWidth)}px`;
    list.querySelector('button')?.focus();
  }

  function move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[(at + step + buttons.length) % buttons.length].focus();
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        class={props.class ?? 'icon-button'}
        aria-label={props.label}
        title={props.label}
        aria-haspopup="true"
        popovertarget={id}
      >
        {props.children}
      </button>
      <div
        ref={list}
        id={id}
        class="menu"
        popover="auto"
        on:toggle={(event: Event) => place((event as ToggleEvent).newState === 'open')}
        onKeyDown={move}
      >
        <For each={props.items}>
          {(item) => (
            <button
              type="button"
              onClick={() => {
                list.hidePopover();
                item.run();
              }}
            >
              {item.label}
            </button>
          )}
        </For>
      </div>
    </>
  );
}
