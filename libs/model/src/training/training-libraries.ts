import { loadTensorFlow, reportTensorFlow, type TensorFlowReport } from '@glyphmill/tensorflow';

/** What a training in this process would run on; loads TensorFlow. Throws `TensorFlowUnavailableError`. */
export async function reportTrainingLibraries(): Promise<TensorFlowReport> {
  return reportTensorFlow(await loadTensorFlow());
}
