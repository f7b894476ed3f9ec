import { type OutputLine, samplingConfig } from '../config/index.js';
import { GenerationModel } from '../generation/generation-model.js';

/** What the model of an exported folder writes after the empty prompt: 200 tokens, as a training's last sample. */
export async function exportedText(folder: string, seed: number): Promise<OutputLine[]> {
  const model = await GenerationModel.open(folder, { device: 'cpu', threads: 1 });
  const lines: OutputLine[] = [];
  await model.generate({
    prompts: [{ promptIndex: 0, text: '' }],
    sampling: samplingConfig.parse({ maxNewTokens: 200, seed }),
    onSequence: (line) => void lines.push(line),
  });
  await model.close();
  return lines;
}
