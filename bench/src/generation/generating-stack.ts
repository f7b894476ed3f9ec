import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientEvent, GlyphmillClient } from '@glyphmill/client';
import { RunningStack } from '../running-stack.js';
import { BATCH_SAMPLING, type BatchOrder, type BatchReport, turnedPrompts } from './batch-order.js';

/** The id that train-published.ts yields. */
const MODEL = 'model_benchmark';

/** A stack with one worker and a published model. */
export class GeneratingStack {
  readonly #stack: RunningStack;
  readonly client: GlyphmillClient;

  private constructor(stack: RunningStack) {
    this.#stack = stack;
    this.client = new GlyphmillClient({ url: stack.url });
  }

  /** Starts a stack whose storage has the model, and has it open: what is measured next does not wait for that. */
  static async start(modelFolder: string, dataFolder: string, threads: number): Promise<GeneratingStack> {
    cpSync(modelFolder, join(dataFolder, 'storage', 'models', MODEL), { recursive: true });
    const stack = new GeneratingStack(await RunningStack.start(dataFolder, threads));
    await stack.finish(await stack.generate({ prompts: [''], maxNewTokens: 16 }));
    return stack;
  }

  /** Queues a generate job; returns its id. */
  async generate(request: { prompts: string[]; maxNewTokens: number; stream?: boolean }): Promise<string> {
    return (await this.client.jobs.generate({ model: MODEL, ...BATCH_SAMPLING, ...request })).id;
  }

  /** The events of a job up to its end, which must be a success. */
  async *events(id: string): AsyncGenerator<ClientEvent> {
    let last: ClientEvent | undefined;
    for await (const event of this.client.jobs.events(id)) yield (last = event);
    if (last?.type !== 'state' || last.state !== 'succeeded') {
      throw new Error(`${id} did not succeed: ${JSON.stringify(last)}`);
    }
  }

  /** Waits until a job has succeeded. */
  async finish(id: string): Promise<void> {
    for await (const _ of this.events(id));
  }

  /** Does many prompts as one job, from the request to the event of its success. */
  async batch({ newTokens, ...order }: BatchOrder): Promise<BatchReport> {
    const prompts = turnedPrompts(order);
    const start = performance.now();
    const id = await this.generate({ prompts, maxNewTokens: newTokens });
    await this.finish(id);
    const seconds = (performance.now() - start) / 1000;
    const sha256 = createHash('sha256')
      .update(await this.client.jobs.outputText(id))
      .digest('hex');
    return { tokensPerSecond: (order.prompts * newTokens) / seconds, sha256 };
  }

  async stop(): Promise<void> {
    await this.#stack.stop();
  }
}
