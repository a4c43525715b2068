import { createContext, useContext } from 'solid-js';
import type { TrainingState } from './training';

export const TrainingContext = createContext<TrainingState>();

/** What the Fine-tune place works on. Only inside its page. */
export function useTraining(): TrainingState {
  const training = useContext(TrainingContext);
  if (!training) throw new Error('useTraining() is called outside of TrainPage.');
  return training;
}
