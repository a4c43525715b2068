// Prompts and sampling of the projects whose models ask for their own: one click sets both.
import { type Accessor, createMemo } from 'solid-js';
import type { ChatStyle, PromptStyle } from '../../worker/contract';
import type { EngineState } from '../shared/engine-state';
import { presets, type SettingsState } from './settings';
import { createStored, isRecord } from '../shared/local-storage';

export interface Style {
  readonly id: ChatStyle;
  readonly name: string;
  /** Models of that project. */
  readonly family: PromptStyle;
  /** The instruct template and the sampling preset that go with it, by name. */
  readonly template: string;
  readonly preset: string;
  readonly source: string;
}

export const styles: readonly Style[] = [
  {
    id: 'point-alpaca',
    name: 'Point-Alpaca',
    family: 'point-alpaca',
    template: 'alpaca_legacy',
    preset: 'Point-Alpaca',
    source: 'The whole conversation as “Human: … Assistant: …”, as in chat.py of point-alpaca.',
  },
  {
    id: 'alpaca-lora',
    name: 'Alpaca-LoRA',
    family: 'alpaca-lora',
    template: 'alpaca',
    preset: 'Alpaca-LoRA',
    source: 'Alpaca’s format with a line break after “Response:”, as in alpaca-lora.',
  },
  {
    id: 'openalpaca',
    name: 'OpenAlpaca',
    family: 'openalpaca',
    template: 'alpaca_legacy',
    preset: 'OpenAlpaca',
    source: 'Stanford’s format, which OpenAlpaca has used since June 2023.',
  },
  {
    id: 'openalpaca-may-2023',
    name: 'OpenAlpaca, May 2023',
    family: 'openalpaca',
    template: 'openalpaca_eos_bos',
    preset: 'OpenAlpaca',
    source: 'The format of OpenAlpaca’s first previews: input first, no preamble, EOS and BOS before the answer.',
  },
];

export interface StylesState {
  /** All of them, those of the project that the model in use comes from first. */
  readonly offered: Accessor<readonly Style[]>;
  /** The format of the project that the model in use comes from, as far as is known. */
  readonly suggested: Accessor<Style | undefined>;
  /** How chats ask the model in use; undefined is the model's own template. */
  readonly chat: Accessor<Style | undefined>;
  /** Asks chats with the model in use in a style, and draws answers as it does. */
  useInChat(id: ChatStyle | undefined): void;
  /** Sets template and preset for instructions. */
  useInInstruct(style: Style): void;
}

const parseChosen = (stored: unknown) =>
  isRecord(stored)
    ? Object.fromEntries(
        Object.entries(stored).flatMap(([model, id]) => {
          const style = styles.find((each) => each.id === id);
          return style ? [[model, style.id]] : [];
        }),
      )
    : undefined;

export function createStyles(
  engine: EngineState,
  settings: { readonly chat: SettingsState; readonly instruct: SettingsState },
  chooseTemplate: (name: string) => void,
): StylesState {
  const [chosen, setChosen] = createStored<Record<string, ChatStyle>>('chat-styles', {}, parseChosen);
  const family = () => engine.model()?.style;
  const offered = createMemo(() =>
    styles.toSorted((a, b) => Number(b.family === family()) - Number(a.family === family())),
  );
  const usePreset = (place: 'chat' | 'instruct', { preset }: Style) => {
    const values = presets.find(({ name }) => name === preset);
    if (values) settings[place].usePreset(values);
  };
  return {
    offered,
    suggested: () => (family() === undefined ? undefined : offered().at(0)),
    chat: () => styles.find(({ id }) => id === chosen()[engine.model()?.id ?? '']),
    useInChat(id) {
      const model = engine.model()?.id;
      if (model === undefined) return;
      const others = Object.fromEntries(Object.entries(chosen()).filter(([each]) => each !== model));
      setChosen(id === undefined ? others : { ...others, [model]: id });
      const style = styles.find((each) => each.id === id);
      if (style) usePreset('chat', style);
    },
    useInInstruct(style) {
      chooseTemplate(style.template);
      usePreset('instruct', style);
    },
  };
}
