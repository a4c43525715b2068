// Cross-entropy of the labelled tokens, a chunk at a time: no more logits than a chunk's are ever in memory, and tokens
// without a label cost nothing (Hsu et al. 2024, Liger Kernel, arXiv:2410.10989, does it by rows too).
import { crossEntropy } from '../../ops/loss/cross-entropy';
import { sumLosses } from '../../ops/loss/sum-losses';
import { normBackward, normed } from './norms';
import type { Over, PassBuilder } from './pass-builder';
import type { Work } from './slices';

/**
 * From the residual stream in `x` to each labelled token's loss.
 * @param gradient also the stream's gradient in `dx`, and the weighted sum in the report
 */
export async function buildLoss(builder: PassBuilder, chunk: number, gradient: boolean): Promise<Work[]> {
  const { b } = builder.parts;
  const works = b.chunks.flatMap((state, i) => {
    const rows = ({ labels }: { labels: number }) => Math.max(0, Math.min(chunk, labels - i * chunk));
    return chunkLoss(builder, { state, rows }, gradient);
  });
  if (!gradient) return Promise.all(works);
  return Promise.all([builder.clear(b.workspace.dx), ...works, summed(builder)]);
}

function chunkLoss(builder: PassBuilder, over: Over, gradient: boolean): Promise<Work>[] {
  const { config, weights, b } = builder.parts;
  const { x, dx, normalizedChunk, dNormalizedChunk, logits, losses, picked, targets } = b.workspace;
  const loss = builder.dispatch(
    crossEntropy,
    over,
    { gradient, quads: config.vocabSize % 4 === 0 },
    { picked, targets, logits, loss: losses, weight: b.weight },
    { vocabulary: config.vocabSize },
  );
  const forward = [
    normed(builder, weights.norm, { x, y: normalizedChunk, picked }, over),
    ...builder.product(weights.head, normalizedChunk, logits, over),
    loss,
  ];
  if (!gradient) return forward;
  return [
    ...forward,
    ...builder.transposed(weights.head, logits, dNormalizedChunk, over),
    normBackward(builder, weights.norm, { x, dy: dNormalizedChunk, dx, picked }, over),
  ];
}

/** report[0] += weight · Σ loss */
function summed(builder: PassBuilder): Promise<Work> {
  const { b } = builder.parts;
  // one result, whose kernel reads from its state how many losses there are
  const over = { state: b.labels, rows: () => 1 };
  const bound = { weight: b.weight, loss: b.workspace.losses, report: b.report };
  return builder.dispatch(sumLosses, over, {}, bound, {});
}
