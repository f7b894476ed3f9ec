/** Names of the keys and values of each layer in the decoding graph: `prefix.0.key`, `prefix.0.value`, `prefix.1.key`, … */
export function cacheNames(prefix: 'past' | 'chunk' | 'new', nLayer: number): string[] {
  return Array.from({ length: 2 * nLayer }, (_, at) => `${prefix}.${at >> 1}.${at % 2 === 0 ? 'key' : 'value'}`);
}
