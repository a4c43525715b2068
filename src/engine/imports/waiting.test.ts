import { afterEach, expect, test, vi } from 'vitest';
import { tellWaits } from './waiting';

afterEach(() => void vi.useRealTimers());

test('a wait counts down and ends; of several the longest is told', () => {
  vi.useFakeTimers();
  const told: (string | undefined)[] = [];
  const waits = tellWaits((stage) => told.push(stage));
  waits.begin({ host: 'huggingface.co', ms: 3000, asked: true });
  waits.begin({ host: 'huggingface.co', ms: 2000, asked: true });
  vi.advanceTimersByTime(10_000);
  const left = (time: string) => `Waiting ${time}, as huggingface.co asks`;
  expect(told).toEqual([left('3 s'), left('2 s'), left('1 s'), undefined]);
  told.length = 0;
  waits.begin({ host: 'cdn.example', ms: 150_000, asked: false });
  expect(told).toEqual(['Trying cdn.example again in 3 min']);
  waits.end();
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});
