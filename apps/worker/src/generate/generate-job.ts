import { type ClaimedShard, type GenerationRuntime, type ShardCounts, shardKey } from '@glyphmill/jobs';
import { type OutputLine, outputLine, samplingConfig } from '@glyphmill/model/config';
import { readStored } from '../job-failure.js';
import type { Lease } from '../lease.js';
import type { JobContext, JobWork } from '../process-delivery.js';
import type { GenerationEngines } from './generation-engines.js';
import { type ShardPrompt, ShardPrompts } from './shard-prompts.js';
import { TextStream } from './text-stream.js';
import { readToldText } from './told-text.js';

/**
 * Generates the text of one shard. A shard is one file that appears whole, and the first one written stays: a shard
 * that is made again takes what is there. Its lines are in the order of the prompts, one for each sample of each prompt.
 * Where the job is streamed, its events tell the text as it grows.
 */
export function generateJob({ store, storage }: JobContext, engines: GenerationEngines): JobWork<'generate'> {
  const shardPrompts = new ShardPrompts(store.shards, storage);
  return async (job, lease) => {
    const key = shardKey(job.id, job.shard);
    const stream = job.request.stream ? new TextStream(lease, await readToldText(store, job.id)) : undefined;
    const written = await writtenLines(key);
    const made = written ? { lines: written } : await makeLines(job, lease, stream);
    const lines = written ?? (await writeLines(key, lease, made.lines));
    stream?.end(lines);
    return { ...countLines(lines), ...(made.ranOn && { ranOn: made.ranOn }) };
  };

  /** The lines of a shard, and what their text was computed on where it has any. */
  async function makeLines(
    job: ClaimedShard,
    lease: Lease,
    stream: TextStream | undefined,
  ): Promise<{ lines: OutputLine[]; ranOn?: GenerationRuntime }> {
    const { model } = job.request;
    const sampling = samplingConfig.strip().parse(job.request);
    const modelFolder = await readStored(model, () => storage.localFolder(`models/${model}`));
    const given = await shardPrompts.read(job);
    const prompts = given.filter((prompt) => 'text' in prompt);
    const withoutPrompt = (given.length - prompts.length) * sampling.samples;
    const startedAt = performance.now();
    const generated =
      prompts.length === 0
        ? { lines: [] }
        : await engines.generate(
            { modelFolder, prompts, sampling, stream: stream !== undefined },
            {
              onProgress: ({ done, failed, tokens }) => {
                const seconds = Math.max((performance.now() - startedAt) / 1000, 1e-3);
                lease.progress({ done, failed: failed + withoutPrompt, tokens, tokensPerSecond: tokens / seconds });
              },
              onText: (growth) => stream?.grow(growth),
            },
            lease.signal,
          );
    lease.signal.throwIfAborted();
    return { ...generated, lines: inOrder(given, generated.lines, sampling.samples) };
  }

  /** Writes a shard's lines, and gives those that are there then. */
  async function writeLines(key: string, lease: Lease, lines: OutputLine[]): Promise<OutputLine[]> {
    await lease.confirm();
    const isFirst = await storage.putIfAbsent(key, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return isFirst ? lines : ((await writtenLines(key)) ?? lines);
  }

  async function writtenLines(key: string): Promise<OutputLine[] | undefined> {
    if (!(await storage.stat(key))) return undefined;
    const text = (await storage.readBytes(key)).toString('utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => outputLine.parse(JSON.parse(line)));
  }
}

/** The lines that were generated, with a line for each sample of a prompt that is none in its place. */
function inOrder(given: ShardPrompt[], generated: OutputLine[], samples: number): OutputLine[] {
  let next = 0;
  return given.flatMap((prompt): OutputLine[] => {
    if ('text' in prompt) {
      next += samples;
      return generated.slice(next - samples, next);
    }
    const { promptIndex, error } = prompt;
    return Array.from({ length: samples }, (_, sampleIndex) => ({ promptIndex, sampleIndex, prompt: '', error }));
  });
}

function countLines(lines: OutputLine[]): ShardCounts {
  const done = lines.filter((line) => 'tokenCount' in line);
  return {
    done: done.length,
    failed: lines.length - done.length,
    tokens: done.reduce((tokens, line) => tokens + line.tokenCount, 0),
  };
}
