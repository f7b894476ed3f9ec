/** Variables that an engine inherits: where programs, libraries, the home and temporary folders are, and the locale. */
const NAMES: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TMP',
  'TEMP',
  'TZ',
  'LANG',
  'LANGUAGE',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'GLIBC_TUNABLES',
  'NODE_ENV',
  'NODE_OPTIONS',
  'NODE_V8_COVERAGE',
]);

/** What the native libraries, their allocators and their compilers read begins with one of these. */
const PREFIXES = [
  'TF_',
  'TFJS_',
  'XLA_',
  'TPU_',
  'CUDA_',
  'CUDNN_',
  'CUBLAS_',
  'NVIDIA_',
  'NCCL_',
  'ORT_',
  'ONNXRUNTIME_',
  'DNNL_',
  'ONEDNN_',
  'MKL_',
  'OMP_',
  'KMP_',
  'GOMP_',
  'OPENBLAS_',
  'MALLOC_',
  'UV_',
  'DYLD_',
  'LC_',
  'GLYPHMILL_',
] as const;

/** What the names of variables with credentials contain, whatever they begin with. */
const CREDENTIAL = /KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH/u;

/**
 * What an engine inherits of its worker's environment: what its libraries read, and nothing else. It reaches neither Redis
 * nor any other service, so the worker's REDIS_URL, and whatever other secrets it was started with, stay with the worker.
 */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => isInherited(name)));
}

function isInherited(name: string): boolean {
  return NAMES.has(name) || (PREFIXES.some((prefix) => name.startsWith(prefix)) && !CREDENTIAL.test(name));
}
