import { createSignal, createUniqueId, For, type JSX } from 'solid-js';

export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
}

/**
 * A button that opens a menu beside it. Arrows, Home, End and first letters move in it; Escape, Tab or a click elsewhere
 * closes it.
 */
export function Menu(props: { label: string; class?: string; children: JSX.Element; items: readonly MenuItem[] }) {
  const id = createUniqueId();
  let button!: HTMLButtonElement;
  let list!: HTMLDivElement;
  const [open, setOpen] = createSignal(false);
  const entries = () => [...list.querySelectorAll('button')];

  function place(isOpen: boolean): void {
    setOpen(isOpen);
    if (!isOpen) return;
    const { bottom, top, right } = button.getBoundingClientRect();
    const height = list.offsetHeight;
    list.style.top = `${bottom + height + 8 > innerHeight ? top - height - 4 : bottom + 4}px`;
    list.style.left = `${Math.max(8, right - list.offsetWidth)}px`;
    entries()[0]?.focus();
  }

  function move(event: KeyboardEvent): void {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = (target: number) => {
      event.preventDefault();
      all[(target + all.length) % all.length]?.focus();
    };
    if (event.key === 'ArrowDown') to(at + 1);
    else if (event.key === 'ArrowUp') to(at - 1);
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(-1);
    else if (event.key === 'Tab') {
      // from the button on, as if the menu had not been there
      button.focus();
      list.hidePopover();
    } else if (/^\S$/u.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const letter = event.key.toLocaleLowerCase();
      const next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((entry) =>
        entry.textContent.trim().toLocaleLowerCase().startsWith(letter),
      );
      if (next) to(all.indexOf(next));
    }
  }

  function openByArrow(event: KeyboardEvent): void {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    list.showPopover();
    if (event.key === 'ArrowUp') setTimeout(() => entries().at(-1)?.focus());
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        class={props.class ?? 'icon-button'}
        aria-label={props.label}
        title={props.label}
        aria-haspopup="menu"
        aria-expanded={open()}
        aria-controls={id}
        popovertarget={id}
        onKeyDown={openByArrow}
      >
        {props.children}
      </button>
      <div
        ref={list}
        id={id}
        class="menu"
        role="menu"
        aria-label={props.label}
        popover="auto"
        on:toggle={(event: Event) => place((event as ToggleEvent).newState === 'open')}
        onKeyDown={move}
      >
        <For each={props.items}>
          {(item) => (
            <button
              type="button"
              role="menuitem"
              tabindex="-1"
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
