// Two tabs over two ends of a real channel: what one trains, the other sees and pauses.
import { afterEach, expect, test, vi } from 'vitest';
import { PronkError } from '../core/errors';
import type { TrainingEvent } from '../engine/training/types';
import { TrainingTabs, type Wish } from './training-tabs';

const channels: BroadcastChannel[] = [];
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
});
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** However slow the machine is. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });
/** Milliseconds that a tab which answers has for it, and one that does not. */
const [LONG, SHORT] = [20_000, 200];

/** A tab; `trains` is the run that it trains. */
function tab(name: string, trains: string | undefined, elsewhere: boolean, patience = LONG) {
  const channel = new BroadcastChannel(name);
  channels.push(channel);
  const wishes: string[] = [];
  const seen: TrainingEvent[] = [];
  let emit: (event: TrainingEvent) => void = () => {};
  let end = () => {};
  let ended = 0;
  const over = new Promise<void>((resolve) => (end = resolve));
  const wish = (what: Wish) => async (id: string) => {
    if (id !== trains && elsewhere) throw new PronkError('busy', 'Another run is being trained.');
    wishes.push(`${what} ${id}`);
  };
  const tabs = new TrainingTabs({
    channel,
    runs: {
      activeId: trains,
      on: (listener) => ((emit = listener), () => {}),
      pause: wish('pause'),
      stop: wish('stop'),
      resume: wish('resume'),
      elsewhere: async () => elsewhere,
      ended: () => over,
    },
    onEvent: (event) => seen.push(event),
    onEnded: () => ended++,
    patience,
  });
  return { tabs, wishes, seen, end, tell: (event: TrainingEvent) => emit(event), ended: () => ended };
}

test('what is asked in one tab is done in the one that trains', async () => {
  const [trains, looks] = [tab('a', 'run', false), tab('a', undefined, true)];
  await looks.tabs.ask('pause', 'run');
  await looks.tabs.ask('stop', 'run');
  await until(() => expect([trains.wishes, looks.wishes]).toEqual([['pause run', 'stop run'], []]));
  // another run than that one is busy, and said at once
  const asked = performance.now();
  await expect(looks.tabs.ask('resume', 'other')).rejects.toMatchObject({ code: 'busy' });
  expect(performance.now() - asked).toBeLessThan(LONG / 2);
  expect(trains.wishes).toHaveLength(2);
});

test('what is trained here is asked here, and where nobody trains too', async () => {
  const [trains, other] = [tab('b', 'run', false), tab('b', undefined, false, SHORT)];
  await trains.tabs.ask('pause', 'run');
  await other.tabs.ask('resume', 'x');
  expect([trains.wishes, other.wishes]).toEqual([['pause run'], ['resume x']]);
});

test('a tab that does not answer is told of', async () => {
  const looks = tab('c', undefined, true, SHORT);
  await expect(looks.tabs.ask('pause', 'run')).rejects.toMatchObject({
    code: 'other-tab',
    message: expect.stringContaining('another tab, which does not answer') as string,
  });
});

test('events are passed on, and the end of a tab that trained is noticed', async () => {
  const [trains, looks] = [tab('d', 'run', false), tab('d', undefined, true)];
  const step = { type: 'checkpoint', runId: 'run', step: 3 } as const;
  trains.tell(step);
  await until(() => expect([looks.seen, trains.seen]).toEqual([[step], []]));
  looks.end();
  await wait(5);
  expect(looks.ended()).toBe(0);
  trains.tell({ type: 'run', run: { id: 'run', state: 'running' } as never });
  await until(() => expect(looks.ended()).toBe(1));
});
