/** `device_unavailable`: ONNX Runtime cannot run on the device that was asked for. */
export class DeviceUnavailableError extends Error {
  override readonly name = 'DeviceUnavailableError';
  readonly code = 'device_unavailable';

  constructor(device: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `ONNX Runtime cannot run on ${device}: ${reason}. Run \`npm run setup\` for its CUDA libraries, or set DEVICE=cpu.`,
      { cause },
    );
  }
}
