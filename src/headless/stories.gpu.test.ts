// The trained model stories260K through both containers: golden ids and logits of an independent float64 implementation.
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { findAdapter } from './dawn';
import { openCheckpoint } from '../formats/open';
import { weightTensors } from '../formats/weights';
import { type Gpu, openAdapter } from '../gpu/device';
import { createSession } from '../model/session';
import { GREEDY } from '../ops/sample';
import { modelFiles } from './files';
import { FOLDER, GGUF } from './testing/stories';

const CONTAINERS = { safetensors: FOLDER, gguf: GGUF };
const IDS = [
  403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338, 401, 396, 267, 337, 410, 408,
];

describe.skipIf(!existsSync(FOLDER))('stories260K (skipped without ../shared/data)', () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openAdapter(await findAdapter());
  });

  for (const [container, path] of Object.entries(CONTAINERS)) {
    test(container, async () => {
      const checkpoint = await openCheckpoint(await modelFiles(path));
      const session = await createSession(gpu, checkpoint.config, weightTensors(checkpoint, 'keep'), {
        precision: 'exact',
        context: 64,
      });
      const logits = await session.logits([1]);
      const tolerance = container === 'gguf' ? 2 : 4; // the GGUF's weights are rounded to f16
      expect(logits[0]).toBeCloseTo(-6.222914, tolerance);
      expect(logits[1]).toBeCloseTo(8.404342, tolerance);
      expect(logits[403]).toBeCloseTo(17.023516, tolerance);
      const ids: number[] = [];
      for await (const id of session.generate([1], GREEDY, IDS.length)) ids.push(id);
      expect(ids).toEqual(IDS);
      session.destroy();
    });
  }
});
