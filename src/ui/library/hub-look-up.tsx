import { createSignal, type JSX, Show } from 'solid-js';
import type { ErrorData } from '../../worker/contract';
import type { Client } from '../../worker/client';
import { HeldTokens, TokenForm } from './token-form';

/** Errors that a token may help against. */
const WANTS_TOKEN = new Set(['gated', 'private', 'bad-token']);

/** Why a look-up failed, and the server whose token may help. */
export function createLookUpProblem(client: Client) {
  const [error, setError] = createSignal<ErrorData>();
  const [wanted, setWanted] = createSignal<{ readonly endpoint: string | undefined }>();
  return {
    error,
    /** Asked for: the token of this server. */
    wanted,
    clear() {
      setError(undefined);
      setWanted(undefined);
    },
    async tell(problem: ErrorData, address: string): Promise<void> {
      setError(problem);
      if (!WANTS_TOKEN.has(problem.code)) return;
      const endpoint = await client.hub.tokenEndpoint(address).catch(() => undefined);
      // meanwhile something else may have been looked up
      if (error() === problem) setWanted({ endpoint });
    },
  };
}

/** Looks a name on the Hugging Face Hub up, says what went wrong, and asks for a token. */
export function HubLookUp(props: {
  readonly label: string;
  /** What the address may be. */
  readonly title: string;
  readonly address: string;
  readonly onAddress: (address: string) => void;
  readonly onLook: () => void;
  /** What is going on while it looks; undefined while it does not. */
  readonly words: string | undefined;
  readonly problem: Pick<ReturnType<typeof createLookUpProblem>, 'error' | 'wanted'>;
  /** Beside the button. */
  readonly children?: JSX.Element;
}) {
  return (
    <>
      <form
        class="row end"
        onSubmit={(event) => {
          event.preventDefault();
          props.onLook();
        }}
      >
        <label class="hub-address">
          <span>{props.label}</span>
          <input
            class="field"
            type="text"
            placeholder="owner/name"
            title={props.title}
            autocapitalize="off"
            autocomplete="off"
            spellcheck={false}
            value={props.address}
            onInput={(event) => props.onAddress(event.currentTarget.value)}
          />
        </label>
        <button
          type="submit"
          class="button"
          disabled={props.address.trim() === ''}
          aria-disabled={props.words !== undefined}
        >
          Look up
        </button>
        {props.children}
      </form>
      <p class="hint" role="status" classList={{ 'visually-hidden': props.words === undefined }}>
        {props.words ?? ''}
      </p>
      <Show when={props.problem.error()}>{(problem) => <p role="alert">{problem().message}</p>}</Show>
      <Show when={props.problem.wanted()}>
        {(asked) => <TokenForm endpoint={asked().endpoint} onDone={() => props.onLook()} />}
      </Show>
      <HeldTokens />
    </>
  );
}
