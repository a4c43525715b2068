import { expect, test } from 'vitest';
import { readTrainerState } from './trainer-state';

test('a log in which Python wrote numbers that are none', () => {
  const text = `{"best_metric": Infinity, "global_step": 3, "max_steps": 3, "num_train_epochs": 1, "log_history": [
    {"step": 1, "loss": 2.5, "grad_norm": NaN, "learning_rate": 0.0}, {"step": 2, "loss": NaN, "grad_norm": Infinity},
    {"step": 3, "loss": 1.5}, {"step": 3, "eval_loss": NaN}]}`;
  const { log, validations, lossSparkline, state } = readTrainerState(text, 'trainer_state.json');
  expect(log.map(({ loss }) => loss)).toEqual([2.5, Number.NaN, 1.5]);
  expect(log.map(({ gradNorm }) => gradNorm)).toEqual([Number.NaN, Infinity, Number.NaN]);
  expect(validations).toEqual([{ step: 3, loss: Number.NaN, best: false }]);
  expect({ lossSparkline, state }).toEqual({ lossSparkline: [2.5, 1.5], state: 'done' });
  expect(() => readTrainerState('{"log_history": nan}', 'trainer_state.json')).toThrow('trainer_state.json');
});
