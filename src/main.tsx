import { render } from 'solid-js/web';
import { App } from './ui/app';
import type { Client } from './worker/client';

/**
 * The page without its engine is for looking at: `?fake`, `?fake=none` for a browser without WebGPU, `?fake=pending` after
 * an import that was cut off, `?fake=trained` with datasets, runs and an adapter.
 */
async function client(): Promise<Client> {
  const fake = import.meta.env.DEV && new URLSearchParams(location.search).get('fake');
  if (typeof fake === 'string')
    return (await import('./ui/testing/fake')).createFake({
      gpu: fake !== 'none',
      pending: fake === 'pending',
      trained: fake === 'trained',
    });
  return (await import('./worker/client')).createClient();
}

const root = document.getElementById('root')!;
const engine = await client();
root.replaceChildren();
render(() => <App client={engine} />, root);
