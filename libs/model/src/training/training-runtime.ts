import { loadTensorFlow, reportTensorFlow } from '@glyphmill/tensorflow';

/** What training runs in this process run on: the device as TensorFlow says it, and versions. Loads TensorFlow. */
export async function trainingRuntime(): Promise<{
  device: 'cpu' | 'cuda:0';
  deviceName: string;
  libraries: { tensorflow: string; tfjs: string };
}> {
  const { device, deviceName, tensorflow, tfjs } = await reportTensorFlow(await loadTensorFlow());
  return { device, deviceName, libraries: { tensorflow, tfjs } };
}
