import type { Page, PageQuery } from '@glyphmill/contract';

/**
 * The page of `names` that follows the name `after` in their order, which is ascending or descending by code unit:
 * names that come or go between two requests move no other name to another page.
 */
export function pageOfNames(
  names: readonly string[],
  order: 'ascending' | 'descending',
  query: PageQuery,
): Page<string> {
  const { limit, after } = query;
  const sorted = names.toSorted(compareCodeUnits);
  if (order === 'descending') sorted.reverse();
  const follows = (name: string) => after === undefined || (order === 'ascending' ? name > after : name < after);
  const rest = sorted.filter(follows);
  const data = rest.slice(0, limit);
  return { data, nextCursor: rest.length > limit ? (data.at(-1) ?? null) : null };
}

function compareCodeUnits(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
