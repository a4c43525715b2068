// The constants of training that the page shows; plain values, so that it need not ask a worker for them.
export { LINEAR_MAPS } from '../core/adapter';
export { fieldProblem } from '../training/check-config';
export { DEFAULT_CONFIG } from '../training/config';
export { type Preset, PRESETS } from '../training/presets';
