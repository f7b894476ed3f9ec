import { loadTensorFlow, reportTensorFlow } from '@glyphmill/tensorflow';

/** What computes here: a device, and the libraries' versions by name. */
export interface ComputeReport {
  device: string;
  libraries: Record<string, string>;
}

/** Loads TensorFlow and says what it computes on. Throws `TensorFlowUnavailableError`. */
export async function trainingRuntime(): Promise<ComputeReport> {
  const { device, tensorflow, tfjs } = await reportTensorFlow(await loadTensorFlow());
  return { device, libraries: { tensorflow, tfjs } };
}
