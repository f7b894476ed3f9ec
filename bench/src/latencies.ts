/** Milliseconds of each of so many requests, one after another, sorted. */
export async function latencies(count: number, request: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const start = performance.now();
    await request();
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b);
}
