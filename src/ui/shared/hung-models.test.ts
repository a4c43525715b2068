import { createRoot } from 'solid-js';
import { afterEach, expect, test, vi } from 'vitest';
import { createToy } from '../../worker/testing/toy-client';
import { someModel } from '../testing/models';
import { stubLocalStorage } from '../testing/local-storage';
import { createEngineState } from './engine-state';
import { createNotices } from './notices';

let dispose = () => {};
stubLocalStorage();
afterEach(() => dispose());

const BUNDLED = someModel('bundled');
const OTHER = someModel('other', { name: 'Other', bundled: false });
const BOMB = someModel('bomb', { name: 'Bomb', bundled: false });

/** A page whose worker knows some models; what it knew before stays in the browser. */
function page(models = [BOMB, OTHER, BUNDLED]) {
  dispose();
  return createRoot((end) => {
    dispose = end;
    const notices = createNotices();
    const fake = createToy({ silent: true });
    const loads: string[] = [];
    vi.spyOn(fake.models, 'load').mockImplementation(async (id) => void loads.push(id));
    const engine = createEngineState(fake, notices);
    fake.emit({ type: 'models', models });
    const hang = (id: string) =>
      fake.emit({ type: 'restarted', hung: { modelId: id, message: `${id} did not finish.` } });
    return { engine, notices, fake, hang, loads, text: () => notices.list().map((each) => each.text) };
  });
}

test('a model that held the worker is not in use any more, also after a reload', () => {
  const { engine, hang, text, loads } = page();
  engine.use('bomb');
  expect(engine.model()?.id).toBe('bomb');
  hang('bomb');
  expect(engine.model()?.id).toBe('bundled');
  expect(loads).toEqual(['bundled', 'bomb', 'bundled']);
  expect(text()).toEqual(['bomb did not finish. Pronk 6M answers now.']);
  expect(page().engine.model()?.id).toBe('bundled');
  // where none comes with the page, the newest that did not
  expect(page([BOMB, OTHER]).engine.model()?.id).toBe('other');
});

test('another model that is in use stays so', () => {
  const { engine, hang, loads } = page();
  engine.use('other');
  hang('bomb');
  expect(engine.model()?.id).toBe('other');
  expect(loads).toEqual(['bundled', 'other', 'other']);
});

test('chosen again it has another chance, and one that is removed is forgotten', () => {
  const first = page();
  first.engine.use('bomb');
  first.hang('bomb');
  first.engine.use('bomb');
  expect(first.engine.model()?.id).toBe('bomb');
  expect(page([BOMB]).engine.model()?.id).toBe('bomb');
  const again = page();
  again.hang('bomb');
  expect(localStorage.getItem('pronk.hung-models')).toBe('["bomb"]');
  again.fake.emit({ type: 'models', models: [OTHER, BUNDLED] });
  expect(localStorage.getItem('pronk.hung-models')).toBe('[]');
});

test('where none is left that can be used, it is said, and questions fail with it', async () => {
  const { engine, hang } = page([BOMB]);
  hang('bomb');
  expect(engine.model()).toBeUndefined();
  expect(engine.problem()?.message).toMatch(/^No model is in use: /);
  const onFailed = vi.fn();
  const sampling = {} as never;
  engine.generate({
    id: 'g',
    prompt: { kind: 'raw', text: '' },
    sampling,
    stop: [],
    onModel() {},
    onText() {},
    onDone() {},
    onFailed,
  });
  await vi.waitFor(() => expect(onFailed).toHaveBeenCalledWith(expect.objectContaining({ code: 'model-hangs' })));
  engine.retry();
  expect(engine.model()?.id).toBe('bomb');
  expect(engine.problem()).toBeUndefined();
});
