// All of the page's state, made once.
import { defined } from '../core/defined';
import { type Accessor, getOwner, runWithOwner } from 'solid-js';
import type { Client } from '../worker/client';
import { type AdaptersState, createAdapters } from './library/adapters';
import { type ChatsState, createChats } from './chat/chats';
import { createEngineState, type EngineState } from './shared/engine-state';
import { createInstruct, type InstructState } from './instruct/instruct';
import { createIntake, type Intake } from './frame/dropped-files';
import { createLibrary, type LibraryState } from './library/library';
import { keepOffline } from './frame/pwa';
import { createNotices, type Notices } from './shared/notices';
import { createRoute, goTo, type Place } from './shared/route';
import { type AnswerForm, createAnswerForm } from './settings/answer-form';
import { createPenalties, type PenaltiesState } from './settings/penalties';
import { createThinking, type ThinkingState } from './settings/thinking';
import { createSettings, settingsOf, type SettingsState } from './settings/settings';
import { asBoolean, createStored } from './shared/local-storage';
import { createStyles, type StylesState } from './settings/prompt-formats';
import { createTheme, type ThemeState } from './frame/theme';
import type { TrainingState } from './train/training';
import { createTrainingNow, type TrainingNow } from './frame/training-now';

export interface AppState {
  readonly place: Accessor<Place>;
  readonly notices: Notices;
  readonly theme: ThemeState;
  /** How answers are drawn in the place that is open. */
  readonly settings: SettingsState;
  /** Whether and how long models think in Chat. */
  readonly thinking: ThinkingState;
  /** Penalties by count, in each place. */
  readonly penalties: { readonly chat: PenaltiesState; readonly instruct: PenaltiesState };
  /** What form answers are to have, in each place. */
  readonly answerForms: { readonly chat: AnswerForm; readonly instruct: AnswerForm };
  readonly engine: EngineState;
  readonly chats: ChatsState;
  readonly instruct: InstructState;
  readonly library: LibraryState;
  readonly adapters: AdaptersState;
  readonly styles: StylesState;
  /** Takes in files that were given to the page as a whole. */
  readonly take: Intake;
  /** What the Fine-tune place works on; fetched and made when it is first needed. */
  training(): Promise<TrainingState>;
  /** The run that trains or rests, for what is shown of it everywhere. */
  readonly trainingNow: Accessor<TrainingNow | undefined>;
  /** The page opens without a network. */
  readonly offline: Accessor<boolean>;
  /** Loads this window anew, with the new version of the page where there is one. */
  reload(): void;
  /** The generation settings are in sight. */
  readonly settingsOpen: Accessor<boolean>;
  setSettingsOpen(open: boolean): void;
}

/** A dialog is open, or a text stands in a box that is not sent or saved. */
function isBeingWritten(): boolean {
  const boxes = [...document.querySelectorAll('textarea')];
  return (
    document.querySelector('dialog[open]') !== null || boxes.some((box) => !box.readOnly && box.value.trim() !== '')
  );
}

/** Must run inside a Solid root. */
export function createApp(client: Client): AppState {
  const notices = createNotices();
  const place = createRoute();
  const inChat = createSettings();
  // what was chosen before Instruct had its own holds there too
  const inInstruct = createSettings('settings-instruct', inChat.values());
  const thinking = createThinking();
  const answerForms = { chat: createAnswerForm('form'), instruct: createAnswerForm('form-instruct') };
  const penalties = { chat: createPenalties('penalties'), instruct: createPenalties('penalties-instruct') };
  const engine = createEngineState(client, notices);
  const instruct = createInstruct(engine, inInstruct, notices, {
    form: answerForms.instruct,
    penalties: penalties.instruct,
  });
  const styles = createStyles(engine, { chat: inChat, instruct: inInstruct }, instruct.templates.choose);
  const library = createLibrary(engine, notices);
  const adapters = createAdapters(client, engine, library.jobs, notices);
  const owner = getOwner();
  let training: Promise<TrainingState> | undefined;
  async function makeTraining(): Promise<TrainingState> {
    const { createTraining } = await import('./train/training');
    const made = runWithOwner(owner, () => createTraining(client, { engine, notices, templates: instruct.templates }));
    return defined(made, 'the state of Fine-tune');
  }
  const trainingOnce = () => (training ??= makeTraining());
  const [settingsOpen, setSettingsOpen] = createStored('settings-open', false, asBoolean);
  const chats = createChats(engine, inChat, notices, {
    style: () => styles.chat()?.id,
    adapters: adapters.named,
    thinking: thinking.values,
    form: () => answerForms.chat,
    adjustments: penalties.chat.adjustments,
  });
  const importing = () => library.imports.tasks.some(({ state }) => state !== 'paused' && state !== 'failed');
  const isIdle = () =>
    !engine.atWork() && !library.jobs.busy() && !importing() && chats.draft().trim() === '' && !isBeingWritten();
  const pwa = keepOffline(notices, isIdle);
  return {
    place,
    notices,
    theme: createTheme(),
    settings: settingsOf(() => (place() === 'instruct' ? inInstruct : inChat)),
    thinking,
    answerForms,
    penalties,
    engine,
    chats,
    instruct,
    styles,
    library,
    adapters,
    take: createIntake({
      engine,
      library,
      adapters,
      templates: instruct.templates,
      notices,
      training: trainingOnce,
      go: goTo,
    }),
    training: trainingOnce,
    trainingNow: createTrainingNow(client),
    offline: pwa.offline,
    reload: pwa.reload,
    settingsOpen,
    setSettingsOpen,
  };
}
