// Light, dark, or as the system has it.
import { type Accessor, createEffect } from 'solid-js';
import { createStored } from '../shared/local-storage';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

export interface ThemeState {
  readonly theme: Accessor<Theme>;
  next(): void;
}

export function createTheme(): ThemeState {
  const [theme, setTheme] = createStored<Theme>('theme', 'system', (stored) => themes.find((each) => each === stored));
  createEffect(() => {
    // index.html does the same before the first paint
    if (theme() === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme();
  });
  return { theme, next: () => setTheme(themes[(themes.indexOf(theme()) + 1) % themes.length]) };
}
