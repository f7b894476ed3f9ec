import type { Device } from '../onnx/open-session.js';
import { type CacheSizes, kvCacheBytes } from './kv-cache.js';
import type { ThreadPlan } from './thread-plan.js';

/**
 * Sequences for each thread in one batch of the graph. Their keys and values stay in the processor's cache for the steps of
 * a chunk; with more of them a token costs more (decision 10).
 */
const SEQUENCES_A_THREAD = 8;

/** On a GPU, where a step costs about the same for many sequences as for one. Not measured. */
const SEQUENCES_ON_A_GPU = 256;

/** Keys and values of the batches that are decoded at the same time take no more memory than this, unless those of single sequences do. */
const MAX_BYTES = 512 * 2 ** 20;

/** How many sequences it is best to decode as one batch of the graph. */
export function bestBatchSize(
  sizes: CacheSizes,
  blockSize: number,
  { device, decodingThreads, sessionThreads = 1 }: ThreadPlan & { device: Device },
): number {
  const wanted = device === 'cpu' ? SEQUENCES_A_THREAD * sessionThreads : SEQUENCES_ON_A_GPU;
  const affordable = Math.floor(MAX_BYTES / (decodingThreads * kvCacheBytes(sizes, { rows: 1, length: blockSize })));
  return Math.max(1, Math.min(wanted, affordable));
}
