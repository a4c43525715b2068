import { createEffect, createSignal, Match, on, Show, Switch } from 'solid-js';
import { isFocusLost, passFocusOn } from '../shared/keep-focus';
import { useApp } from '../context';
import { askPermission, chosenFiles } from '../shared/picked-files';
import { shortHashes } from '../shared/hashes';
import type { ImportTask } from './imports';
import { countOf, formatBytes, formatWhen } from '../shared/format';
import { CancelDialog } from './cancel-dialog';
import { Plan } from './plan';
import { WorkBar } from '../shared/work-bar';

/** Work that would be missed: ending it is asked about. */
const DEAR = 200e6;

/** A model on its way in: its plan, its progress, or why it did not get there. */
export function TaskCard(props: { task: ImportTask }) {
  const { library } = useApp();
  const { imports } = library;
  const [asking, setAsking] = createSignal(false);
  let card!: HTMLElement;
  let pressed: Element | undefined;
  const id = () => props.task.id;
  // what was read and not stored is read again
  const work = () => (props.task.state === 'paused' && restingWork(props.task)) || props.task.work;
  const end = () => ((work()?.done ?? 0) > DEAR ? setAsking(true) : imports.cancel(id()));
  passFocusOn(
    () => card,
    // a model that was made is listed a moment after its task ends
    () => nextFocus(props.task.name, props.task.state === 'running'),
  );
  createEffect(
    on(
      () => props.task.state,
      () => {
        // the button that was pressed is gone: what goes on takes its place, and never what ends it
        if (pressed && !pressed.isConnected && isFocusLost()) {
          (card.querySelector<HTMLElement>('button.primary') ?? card).focus();
        }
        pressed = undefined;
      },
      { defer: true },
    ),
  );
  createEffect(
    on([imports.latest, () => props.task.state], ([latest, state]) => {
      // a plan that was just asked for comes into sight
      if (latest !== props.task.id || state !== 'planned') return;
      card.scrollIntoView({ block: 'nearest' });
      const here = document.activeElement;
      // and can be started at once, unless the person is at something else
      if (!here || here === document.body || here.closest('.add-files, .hub, .tool')) {
        card.querySelector<HTMLButtonElement>('[type="submit"]')?.focus({ preventScroll: true });
      }
    }),
  );
  return (
    <section
      ref={card}
      tabindex="-1"
      class="import"
      classList={{ failed: props.task.error !== undefined && props.task.state !== 'planned' }}
      aria-label={`Import of ${props.task.name}`}
      aria-busy={props.task.state === 'looking'}
      on:focusin={(event) => (pressed = event.target as Element)}
      on:focusout={(event) => event.relatedTarget && (pressed = undefined)}
    >
      <Switch>
        <Match when={props.task.state === 'planned' || (props.task.state === 'looking' && props.task.plan)}>
          <Plan task={props.task} />
        </Match>
        <Match when={props.task.state === 'failed'}>
          <header>
            <h2>{shortHashes(props.task.name)}</h2>
            <button type="button" class="button quiet" onClick={() => imports.cancel(id())}>
              Dismiss
            </button>
          </header>
          <p role="alert">{shortHashes(props.task.error?.message ?? '')}</p>
        </Match>
        <Match when={true}>
          <header>
            <h2>{shortHashes(props.task.name)}</h2>
            <div class="row">
              <Show when={props.task.state === 'running'}>
                <button
                  type="button"
                  class="button"
                  aria-disabled={props.task.pausing ?? false}
                  onClick={() => props.task.pausing || imports.pause(id())}
                >
                  {props.task.pausing ? 'Pausing' : 'Pause'}
                </button>
              </Show>
              <Show when={props.task.state === 'paused'}>
                <Resume task={props.task} />
              </Show>
              <button type="button" class="button quiet" onClick={end}>
                {props.task.state === 'paused' ? 'Discard' : 'Cancel'}
              </button>
            </div>
          </header>
          <Show when={work()} fallback={<p class="hint">{waitingWords(props.task)}</p>}>
            {(done) => <WorkBar label={`Import of ${props.task.name}`} work={done()} resting={isResting(props.task)} />}
          </Show>
          <Show when={props.task.error}>{(error) => <p role="alert">{shortHashes(error().message)}</p>}</Show>
          <Show when={props.task.state === 'paused' && props.task.pending}>
            {(pending) => (
              <p class="hint">
                Started {formatWhen(pending().startedAt)}.{' '}
                {pending().done > 0
                  ? 'What was stored so far is safe.'
                  : 'Too little was read to be kept, so it starts from the beginning.'}{' '}
                {pending().needs === 'files' &&
                  !props.task.held &&
                  `To continue, the same ${pending().files.length === 1 ? 'file is' : 'files are'} needed again: ${fileWords(pending().files)}.`}
              </p>
            )}
          </Show>
        </Match>
      </Switch>
      <CancelDialog
        open={asking()}
        name={props.task.name}
        done={work()?.done ?? 0}
        onClose={() => setAsking(false)}
        onDone={() => imports.cancel(id())}
      />
    </section>
  );
}

/** Goes on, with the same files or the browser's leave where that is needed. */
function Resume(props: { task: ImportTask }) {
  const { library, notices } = useApp();
  const { imports } = library;
  const needs = () => (props.task.held ? 'nothing' : (props.task.pending?.needs ?? 'nothing'));
  async function resume(): Promise<void> {
    const handles = needs() === 'permission' ? (props.task.pending?.handles ?? []) : [];
    if (await askPermission(handles).catch(() => false)) imports.resume(props.task.id);
    else
      notices.show(
        'The browser was not allowed to read the files. Allow it, or choose the files again. What was stored is safe.',
      );
  }
  return (
    <>
      <Show when={needs() !== 'files'}>
        <button type="button" class="button primary" onClick={() => void resume()}>
          Resume
        </button>
      </Show>
      <Show when={needs() !== 'nothing'}>
        <label class="button" classList={{ primary: needs() === 'files' }}>
          {needs() === 'files' ? 'Resume with the same files' : 'Choose the files again'}
          <input
            class="hidden-input"
            type="file"
            aria-label={`The files of ${props.task.name} again`}
            multiple
            onChange={(event) => imports.resume(props.task.id, chosenFiles(event.currentTarget.files))}
          />
        </label>
      </Show>
    </>
  );
}

/** Milliseconds that the list of models may take, and between two looks at it. */
const [PATIENCE, LOOK] = [5000, 20];

/** Where the focus goes when a task ends: to its model's button, or to where another one is begun. */
async function nextFocus(name: string, isAwaited: boolean): Promise<HTMLElement | null> {
  const end = performance.now() + (isAwaited ? PATIENCE : 0);
  while (!useButton(name) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, LOOK));
  return useButton(name) ?? document.querySelector('[aria-label="Add files"]');
}

const useButton = (name: string) => document.querySelector<HTMLElement>(`[aria-label="${CSS.escape(`Use ${name}`)}"]`);

/** Where an import stood when it was left. */
function restingWork({ pending }: ImportTask) {
  return pending && { stage: 'Paused', done: pending.done, total: pending.total, rate: 0 };
}

/** Neither at work nor looking. */
const isResting = ({ state }: ImportTask) => state !== 'running' && state !== 'looking';

const waitingWords = ({ state }: ImportTask) =>
  state === 'looking' ? 'Looking at the files' : state === 'waiting' ? 'Waiting for its turn' : 'Starting';

function fileWords(files: readonly { readonly name: string; readonly size: number }[]): string {
  const shown = files.slice(0, 3).map(({ name, size }) => `${name} (${formatBytes(size)})`);
  const more = files.length - shown.length;
  return [...shown, ...(more > 0 ? [`${countOf(more, 'file')} more`] : [])].join(', ');
}
