import { z } from 'zod';

/** What computed a checkpoint, by name: the library, the device, its settings, the graph. Where all are alike, so are the bits. */
export const fingerprint = z.record(z.string(), z.string());
export type Fingerprint = z.output<typeof fingerprint>;

/** What is not alike, such as `threads: 2 then, 4 now`. */
export function fingerprintDifferences(then: Fingerprint, now: Fingerprint): string[] {
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])].sort();
  return names
    .filter((name) => then[name] !== now[name])
    .map((name) => `${name}: ${then[name] ?? 'unknown'} then, ${now[name] ?? 'unknown'} now`);
}
