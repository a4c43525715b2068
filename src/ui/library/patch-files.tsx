import { createMemo, For, Show } from 'solid-js';
import type { GivenFile, ImportPlan, SavedFile } from '../../worker/contract';
import { Icon } from '../shared/icon';
import { chosenFiles } from '../shared/picked-files';
import { shortHashes } from '../shared/hashes';
import { countOf, formatBytes } from '../shared/format';

type Patch = NonNullable<ImportPlan['patch']>;
type PatchFile = Patch['files'][number];

const states: Readonly<Record<PatchFile['state'], string>> = {
  missing: 'missing',
  present: 'present',
  bad: 'failed the check',
  done: 'decrypted',
};

const icons = { missing: 'none', present: 'done', bad: 'close', done: 'done' } as const;

/** Encrypted files and their key: what is here, what is missing, what is wrong. */
export function PatchFiles(props: {
  patch: Patch;
  saved: readonly SavedFile[] | undefined;
  wrongKey: boolean;
  onKey: (files: readonly GivenFile[]) => void;
}) {
  const published = () => props.patch.files.filter((file) => file.published);
  const others = () => props.patch.files.filter((file) => !file.published);
  const here = () => published().filter(({ state }) => state === 'present' || state === 'done').length;
  /** Nothing has to be done about any of them. */
  const fine = createMemo(
    () =>
      props.patch.key !== undefined &&
      !props.wrongKey &&
      props.patch.files.every(({ state }) => state === 'present' || state === 'done'),
  );
  const summary = () =>
    [
      published().length > 0 && `${here()} of point-alpaca’s ${published().length} files`,
      others().length > 0 && `${countOf(others().length, 'file')} of another publisher`,
    ]
      .filter(Boolean)
      .join(' · ');
  return (
    <details class="fold patch" open={!fine()}>
      <summary>{summary()}</summary>
      <table class="files" aria-label="Encrypted files">
        <thead class="visually-hidden">
          <tr>
            <th scope="col">File</th>
            <th scope="col">Size</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          <tr classList={{ missing: !props.patch.key }}>
            <td>
              {shortHashes(props.patch.key?.name ?? 'The key')}
              <Show when={!props.patch.key}>
                <span class="hint block">
                  LLaMA 7B’s original consolidated.00.pth, or the file that the publisher used.
                </span>
                <label class="button">
                  Add the key
                  <input
                    class="hidden-input"
                    type="file"
                    aria-label="Add the key"
                    onChange={(event) => props.onKey(chosenFiles(event.currentTarget.files))}
                  />
                </label>
              </Show>
            </td>
            <td class="number-cell">{props.patch.key && formatBytes(props.patch.key.size)}</td>
            <td>
              <State
                state={props.wrongKey ? 'bad' : props.patch.key ? 'present' : 'missing'}
                words={props.wrongKey ? 'wrong key' : props.patch.key ? 'key' : undefined}
              />
            </td>
          </tr>
          <For each={[...published(), ...others()]}>
            {(file) => (
              <>
                <tr class={file.state}>
                  <td title={file.name}>{shortHashes(file.name)}</td>
                  <td class="number-cell">{file.size !== undefined && formatBytes(file.size)}</td>
                  <td>
                    <State state={savedState(file, props.saved)} />
                  </td>
                </tr>
                <Show when={problemOf(file, props.saved)}>
                  {(problem) => (
                    <tr class="file-problem">
                      <td colspan="3">
                        <span class="hint block">{shortHashes(problem())}</span>
                      </td>
                    </tr>
                  )}
                </Show>
              </>
            )}
          </For>
        </tbody>
      </table>
    </details>
  );
}

function State(props: { state: PatchFile['state']; words?: string | undefined }) {
  return (
    <span class={`patch-state ${props.state}`}>
      <Icon name={icons[props.state]} />
      {props.words ?? states[props.state]}
    </span>
  );
}

/** A key was given with which no file begins as it should. */
export const wrongKey = ({ patch, problem }: ImportPlan) =>
  patch?.key !== undefined && problem?.code === 'hash-mismatch' && patch.files.every(({ state }) => state !== 'bad');

const savedOf = ({ name }: PatchFile, saved: readonly SavedFile[] | undefined) =>
  saved?.find((each) => each.name === name);

function savedState(file: PatchFile, saved: readonly SavedFile[] | undefined): PatchFile['state'] {
  const result = savedOf(file, saved);
  return result ? (result.ok ? 'done' : 'bad') : file.state;
}

const problemOf = (file: PatchFile, saved: readonly SavedFile[] | undefined) =>
  savedOf(file, saved)?.problem ?? file.problem;
