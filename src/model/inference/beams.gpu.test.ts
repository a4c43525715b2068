// Beam search on a device, against what transformers finds in float64.
import { beforeAll, expect, test } from 'vitest';
import { findAdapter } from '../../headless/dawn';
import { modelFiles } from '../../headless/node-store/files';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { weightTensors } from '../../formats/checkpoint/weights';
import { openAdapter } from '../../gpu/device';
import { GREEDY } from '../../ops/sample/sampling';
import { type BeamGolden, beamsGolden, TALES } from '../../testing/fixtures';
import { createSession, type Session } from './session';

let session: Session;
beforeAll(async () => {
  const checkpoint = await openCheckpoint(await modelFiles(TALES));
  const tensors = weightTensors(checkpoint, 'keep');
  const gpu = await openAdapter(await findAdapter());
  session = await createSession(gpu, checkpoint.config, tensors, { precision: 'exact', context: 128 });
});

const search = ({ prompt, maxTokens, ends, ...options }: BeamGolden, signal?: AbortSignal) =>
  session.searchBeams(prompt, maxTokens, new Set(ends), { ...options, ...(signal && { signal }) });

test('finds what transformers finds, with its score', async () => {
  for (const golden of beamsGolden()) {
    const found = await search(golden);
    expect(found?.ids).toEqual(golden.ids);
    expect(found?.score).toBeCloseTo(golden.score, 4);
  }
});

test('another length penalty, fewer beams or other ends find another text', async () => {
  const golden = beamsGolden();
  const [, , several, , , long] = golden;
  expect((await search({ ...long, lengthPenalty: 0 }))?.ids).not.toEqual(long.ids);
  expect((await search({ ...several, ends: [2, 400] }))?.ids).not.toEqual(several.ids);
  expect((await search({ ...several, beams: 2 }))?.score).not.toBe(several.score);
});

test('the cache holds what it held, and a search that is given up ends', async () => {
  const [golden] = beamsGolden();
  const text = async () => {
    const ids: number[] = [];
    for await (const id of session.generate(golden.prompt, GREEDY, 12)) ids.push(id);
    return ids;
  };
  const before = await text();
  await search(golden);
  expect(await text()).toEqual(before);
  expect(await search(golden, AbortSignal.abort())).toBeUndefined();
  const { cache } = session.memory;
  await search(golden);
  expect(session.memory['cache']).toBe(cache);
  await expect(search({ ...golden, prompt: [] })).rejects.toMatchObject({ code: 'empty-prompt' });
});
