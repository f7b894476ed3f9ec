import type { ClientEvent } from '@glyphmill/client';
import type { SingleBar } from 'cli-progress';
import { progressBar } from './progress-bar.js';

/** Shows a training run as it goes: a bar with step, loss, tokens/s and time left, and the samples the model writes. */
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

  show(event: ClientEvent): void {
    if (event.type === 'metric') this.#showMetric(event);
    if (event.type !== 'sample') return;
    if (event.step === 0) this.#say(sampleText('Before training the model writes:', event.text));
    if (event.step === this.#maxSteps) {
      this.end();
      this.#say(sampleText('After training it writes:', event.text));
    }
  }

  end(): void {
    this.#bar.stop();
  }

  #showMetric({ step, trainLoss, validationLoss, tokensPerSecond }: ClientEvent & { type: 'metric' }): void {
    if (trainLoss === undefined || validationLoss === undefined || tokensPerSecond === undefined) return;
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
