import { readFileSync, writeFileSync } from 'node:fs';

/** What TensorFlow, ONNX Runtime, CUDA's libraries, C++ and Node.js say when they get no memory. */
const NO_MEMORY =
  /OOM when allocating|RESOURCE_EXHAUSTED|Invalid TF_Status: 8\b|heap out of memory|Array buffer allocation failed|Invalid (?:string|array|typed array) length|Cannot create a string longer than|std::bad_alloc|bad allocation|Failed to allocate memory|CUDA_ERROR_OUT_OF_MEMORY|CUDA failure 2\b|_STATUS_ALLOC_FAILED|Cannot allocate memory/u;

/** How much more an engine is wanted by the system's killer than a process that has as much memory: of 1000. */
const ENGINE_SCORE = 500;

/** The line that reports that there was no memory, if one of the words does. */
export function memoryComplaint(words: string): string | undefined {
  return words
    .split('\n')
    .find((line) => NO_MEMORY.test(line))
    ?.trim();
}

/** How many processes Linux has killed for memory since it started; `undefined` if that is not told. */
export function memoryKills(): number | undefined {
  try {
    const count = /^oom_kill (\d+)$/mu.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

/** Has Linux, where it must kill for memory, take this process before its worker, an API or Valkey. */
export function offerForMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(ENGINE_SCORE));
  } catch {
    // Another system, or the process is gone already.
  }
}
