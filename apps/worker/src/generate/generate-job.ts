import type { GenerateProgress } from '@glyphmill/jobs';
import { type OutputLine, outputLine, samplingConfig } from '@glyphmill/model/config';
import { readStored } from '../job-failure.js';
import type { JobContext, JobWork } from '../process-delivery.js';
import type { GenerationEngines } from './generation-engines.js';
import { cutShards, shardKey } from './shards.js';

interface Counts {
  done: number;
  failed: number;
  tokens: number;
}

/**
 * Generates the text of a job shard by shard. A shard is one file that appears whole, and the first one written
 * stays; a job that runs again goes on after the shards that are there.
 */
export function generateJob({ storage }: JobContext, engines: GenerationEngines): JobWork<'generate'> {
  return async (job, lease) => {
    const { model, prompts, samples } = job.request;
    const sampling = samplingConfig.strip().parse(job.request);
    const modelFolder = await readStored(model, () => storage.localFolder(`models/${model}`));
    const total = prompts.length * samples;
    const startedAt = Date.now();
    let generatedHere = 0;
    let counts: Counts = { done: 0, failed: 0, tokens: 0 };

    for (const [shard, shardPrompts] of cutShards(job.request).entries()) {
      const key = shardKey(job.id, shard);
      let lines = await writtenLines(key);
      if (!lines) {
        lines = await engines.generate(
          { modelFolder, prompts: shardPrompts, sampling },
          (now) => lease.progress(progressOf(sum(counts, now), total, generatedHere + now.tokens, startedAt)),
          lease.signal,
        );
        lease.signal.throwIfAborted();
        const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
        await storage.putIfAbsent(key, text);
        generatedHere += countLines(lines).tokens;
      }
      counts = sum(counts, countLines(lines));
      lease.progress(progressOf(counts, total, generatedHere, startedAt));
    }
    await lease.startCommitting();
    return { output: `/api/jobs/${job.id}/output`, counts };
  };

  async function writtenLines(key: string): Promise<OutputLine[] | undefined> {
    if (!(await storage.stat(key))) return undefined;
    const text = (await storage.readBytes(key)).toString('utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => outputLine.parse(JSON.parse(line)));
  }
}

function countLines(lines: OutputLine[]): Counts {
  const done = lines.filter((line) => !('error' in line));
  return {
    done: done.length,
    failed: lines.length - done.length,
    tokens: done.reduce((tokens, line) => tokens + ('tokenCount' in line ? line.tokenCount : 0), 0),
  };
}

function sum(a: Counts, b: Counts): Counts {
  return { done: a.done + b.done, failed: a.failed + b.failed, tokens: a.tokens + b.tokens };
}

function progressOf(counts: Counts, total: number, tokens: number, startedAt: number): GenerateProgress {
  const seconds = Math.max((Date.now() - startedAt) / 1000, 1e-3);
  const ended = counts.done + counts.failed;
  return {
    done: counts.done,
    total,
    failed: counts.failed,
    tokensPerSecond: tokens / seconds,
    etaSeconds: ended ? (seconds / ended) * (total - ended) : null,
  };
}
