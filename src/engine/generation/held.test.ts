import { expect, test } from 'vitest';
import { held, type OnHeld } from './held';

/** Listens, and lists what it is told. */
function listen() {
  const told: string[] = [];
  const onHeld: OnHeld = ({ id, name }) => {
    told.push(name === undefined ? id : `${id} ${name}`);
    return () => told.push('done');
  };
  return { told, onHeld };
}

test('work is told of before it begins and once it has ended, however it ends', async () => {
  const { told, onHeld } = listen();
  expect(held(onHeld, 'a', () => told.push('work'))).toBe(2);
  expect(() =>
    held(onHeld, 'b', () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  const later = held(onHeld, 'c', async () => told.push('begun'), 'Name');
  expect(told).toEqual(['a', 'work', 'done', 'b', 'done', 'c Name', 'begun']);
  await later;
  expect(told.at(-1)).toBe('done');
  await expect(held(onHeld, 'd', () => Promise.reject(new Error('late')))).rejects.toThrow('late');
  expect(told.slice(-2)).toEqual(['d', 'done']);
});

test('where nobody listens, work is done', () => {
  expect(held(undefined, 'a', () => 5)).toBe(5);
});
