import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';

const job = z.object({
  id: z.string(),
  state: z.string(),
  progress: z.record(z.string(), z.unknown()).nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type DemoJob = z.output<typeof job>;

const event = z.looseObject({ type: z.string() });
export type DemoEvent = z.output<typeof event>;

const line = z.object({
  prompt: z.string(),
  sampleIndex: z.int(),
  text: z.string().optional(),
  error: z.object({ message: z.string() }).optional(),
});
export type DemoLine = z.output<typeof line>;

/** What the demo needs of the HTTP api. */
export class ApiClient {
  constructor(readonly url: string) {}

  /** Enqueues a job of a kind. */
  async enqueue(kind: 'train' | 'generate', request: object): Promise<DemoJob> {
    const response = await fetch(`${this.url}/api/jobs/${kind}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    return job.parse(await this.#read(response));
  }

  async job(id: string): Promise<DemoJob> {
    return job.parse(await this.#read(await fetch(`${this.url}/api/jobs/${id}`)));
  }

  /** The job's events as they happen, until it has ended. */
  async *events(id: string): AsyncGenerator<DemoEvent> {
    const response = await fetch(`${this.url}/api/jobs/${id}/events`);
    if (!response.ok || !response.body)
      throw new Error(`the api answered ${response.status}: ${await response.text()}`);
    const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data } of messages) if (data) yield event.parse(JSON.parse(data));
  }

  /** The generated lines of a job, as many as are wanted. */
  async output(id: string, count = Infinity): Promise<DemoLine[]> {
    const response = await fetch(`${this.url}/api/jobs/${id}/output`);
    if (!response.ok || !response.body)
      throw new Error(`the api answered ${response.status}: ${await response.text()}`);
    const lines: DemoLine[] = [];
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const texts = (rest + chunk).split('\n');
      rest = texts.pop() ?? '';
      for (const text of texts) {
        lines.push(line.parse(JSON.parse(text)));
        if (lines.length === count) return lines;
      }
    }
    return lines;
  }

  /** A job that must have succeeded. */
  async finished(id: string): Promise<DemoJob> {
    const found = await this.job(id);
    if (found.state === 'succeeded') return found;
    throw new Error(`${id} is ${found.state}: ${found.error?.message ?? 'no error was recorded'}`);
  }

  async #read(response: Response): Promise<unknown> {
    const body = await response.text();
    if (!response.ok) throw new Error(`the api answered ${response.status}: ${body}`);
    return JSON.parse(body);
  }
}
