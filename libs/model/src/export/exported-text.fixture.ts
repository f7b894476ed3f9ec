import { type OutputLine, type SamplingConfig, samplingConfig } from '../config/index.js';
import { GenerationModel } from '../generation/generation-model.js';

/** What the model of an exported folder writes after the empty prompt: by the sliding window, as a training's samples. */
export async function exportedText(
  folder: string,
  seed: number,
  { window = 'sliding', maxNewTokens = 200 }: Partial<SamplingConfig> = {},
): Promise<OutputLine[]> {
  const model = await GenerationModel.open(folder, { device: 'cpu', threads: 1 });
  const lines: OutputLine[] = [];
  await model.generate({
    prompts: [{ promptIndex: 0, text: '' }],
    sampling: samplingConfig.parse({ maxNewTokens, seed, window }),
    onSequence: (line) => void lines.push(line),
  });
  await model.close();
  return lines;
}
