import type { SingleBar } from 'cli-progress';
import { z } from 'zod';
import type { DemoEvent } from './api-client.js';
import { progressBar } from './progress-bar.js';

const metric = z.object({
  step: z.number(),
  trainLoss: z.number(),
  validationLoss: z.number(),
  tokensPerSecond: z.number(),
});
const sample = z.object({ step: z.number(), text: z.string() });

/** Shows a training as it goes: a bar with step, loss, tokens/s and time left, and the samples the model writes. */
export class TrainingView {
  readonly #bar: SingleBar;
  readonly #say: (line: string) => void;
  readonly #maxSteps: number;
  #startedAt: number | undefined;

  constructor(maxSteps: number, say: (line: string) => void) {
    this.#maxSteps = maxSteps;
    this.#say = say;
    this.#bar = progressBar(
      '  {bar} step {value}/{total}  loss {loss}  val {validation}  {speed} tokens/s  {left} left',
    );
  }

  show(event: DemoEvent): void {
    const measured = event.type === 'metric' ? metric.safeParse(event).data : undefined;
    if (measured) this.#showMetric(measured);
    const written = event.type === 'sample' ? sample.safeParse(event).data : undefined;
    if (written?.step === 0) this.#say(sampleText('Before training the model writes:', written.text));
    if (written && written.step === this.#maxSteps) {
      this.end();
      this.#say(sampleText('After training it writes:', written.text));
    }
  }

  end(): void {
    this.#bar.stop();
  }

  #showMetric({ step, trainLoss, validationLoss, tokensPerSecond }: z.output<typeof metric>): void {
    if (this.#startedAt === undefined) {
      this.#startedAt = Date.now();
      this.#bar.start(this.#maxSteps, 0, { loss: '–', validation: '–', speed: '–', left: '–' });
    }
    const secondsPerStep = (Date.now() - this.#startedAt) / 1000 / Math.max(step, 1);
    this.#bar.update(step, {
      loss: trainLoss.toFixed(4),
      validation: validationLoss.toFixed(4),
      speed: `${(tokensPerSecond / 1e6).toFixed(2)} M`,
      left: step === 0 ? '–' : `${Math.ceil(secondsPerStep * (this.#maxSteps - step))} s`,
    });
  }
}

/** A titled text, indented. */
export function sampleText(title: string, text: string): string {
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '');
  return `\n  ${title}\n${lines.map((line) => `    │ ${line}`).join('\n')}\n`;
}
