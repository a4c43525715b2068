import { createRoot } from 'solid-js';
import { expect, test } from 'vitest';
import { stubLocalStorage } from '../testing/local-storage';
import { createPenalties } from './penalties';

stubLocalStorage();

test('generations are asked with penalties that are on, within their bounds, across a reload', () => {
  createRoot((dispose) => {
    const penalties = createPenalties('penalties-test');
    expect(penalties.adjustments()).toBeUndefined();
    penalties.set('presencePenalty', 9);
    penalties.set('frequencyPenalty', -0.5);
    penalties.set('frequencyPenalty', Number.NaN);
    const expected = { presencePenalty: 2, frequencyPenalty: -0.5 };
    expect(penalties.adjustments()).toEqual(expected);
    expect(createPenalties('penalties-test').adjustments()).toEqual(expected);
    expect(createPenalties('penalties-other').adjustments()).toBeUndefined();
    dispose();
  });
});
