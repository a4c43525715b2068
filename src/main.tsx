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

const root = document.getElementById('root')!;
const engine = await client();
root.replaceChildren();
render(() => <App client={engine} />, root);
