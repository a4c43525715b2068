import { render } from 'solid-js/web';
import { App } from './ui/app';
import type { Client } from './worker/client';

/**
 * A page for looking at without a GPU is kept by a toy engine: `?fake`, `?fake=none` for a browser without WebGPU,
 * `?fake=pending` after an import that was cut off, `?fake=trained` with datasets, runs and an adapter.
 */
async function client(): Promise<Client> {
  const fake = import.meta.env.DEV && new URLSearchParams(location.search).get('fake');
  if (typeof fake === 'string') return (await import('./worker/testing/toy-client')).createToyPage(fake);
  return (await import('./worker/client')).createClient();
}

/** No `await` at the module's top: chunks that are fetched for it import this file's chunk, and would wait for its end. */
async function start(root: HTMLElement): Promise<void> {
  const engine = await client();
  root.replaceChildren();
  render(() => <App client={engine} />, root);
}

const root = document.getElementById('root');
if (root) void start(root);
