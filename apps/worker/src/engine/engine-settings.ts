import { z } from 'zod';

/** What the worker tells an engine through its environment. */
export const engineSettings = z
  .object({
    GLYPHMILL_ENGINE_DEVICE: z.enum(['cpu', 'cuda:0']),
    GLYPHMILL_ENGINE_THREADS: z.coerce.number().int().min(1),
  })
  .transform((given) => ({
    device: given.GLYPHMILL_ENGINE_DEVICE,
    threads: given.GLYPHMILL_ENGINE_THREADS,
  }));

/** An engine that computes on something else than it was told to. */
export class WrongDeviceError extends Error {
  readonly code = 'device_unavailable';

  constructor(wanted: string, got: string) {
    super(
      `the engine was to compute on ${wanted}, but its library sees ${got} only: check the driver with nvidia-smi, ` +
        'run npm run setup again, or set DEVICE=cpu',
    );
  }
}
