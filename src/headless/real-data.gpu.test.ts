// The trained model stories260K, on top of what the repository's own is tested for: ids and logits of an independent
// implementation in float64, from safetensors and from llama.cpp's GGUF.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
// first, for what it defines
import { findAdapter } from './dawn';
import { openCheckpoint } from '../formats/checkpoint/open';
import { weightTensors } from '../formats/checkpoint/weights';
import { openAdapter } from '../gpu/device';
import { createSession } from '../model/inference/session';
import { GREEDY } from '../ops/sample/sampling';
import { modelFiles } from './node-store/files';

const FOLDER = '../shared/data/stories260K';
const GGUF = `${FOLDER}/stories260K-F16.gguf`;
const IDS = [
  403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426, 338, 401, 396, 267, 337, 410, 408,
];

describe.skipIf(!existsSync(FOLDER))('stories260K (skipped without ../shared/data)', () => {
  test.each([
    [FOLDER, 4],
    [GGUF, 1],
  ])('%s: golden text and logits', async (path, digits) => {
    const gpu = await openAdapter(await findAdapter());
    const files = (await modelFiles(path)).filter(({ name }) => path === GGUF || !/\.(gguf|md)$/.test(name));
    const checkpoint = await openCheckpoint(files);
    const session = await createSession(gpu, checkpoint.config, weightTensors(checkpoint, 'keep'), {
      precision: 'exact',
      context: 64,
    });
    const logits = await session.logits([1, ...IDS]);
    expect(logits[0]).toBeCloseTo(-6.222914, digits);
    expect(logits[1]).toBeCloseTo(8.404342, digits);
    expect(logits[403]).toBeCloseTo(17.023516, digits);
    const ids: number[] = [];
    for await (const id of session.generate([1], GREEDY, IDS.length)) ids.push(id);
    expect(ids).toEqual(IDS);
    session.destroy();
  });
});
