const TAGS = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/gu;

/**
 * Whether a header that lists entity tags, or `*` for any, has the one of a file; `strong` for uses that need the very
 * same bytes, in which a weak tag never matches. https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2
 */
export function hasEntityTag(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  return [...list.matchAll(TAGS)].some(
    ([, weak, tag]) => tag === etag && (comparison === 'weak' || weak === undefined),
  );
}

/** The tag of the same content in other bytes, such as compressed ones. */
export function weakened(etag: string): string {
  return etag.startsWith('W/') ? etag : `W/${etag}`;
}
