import type { JobClaims } from '@glyphmill/jobs';

/** Which sequence: a sample of a prompt of the job. */
export interface SequencePlace {
  promptIndex: number;
  sampleIndex: number;
}

/** How much of a sequence's text the events of its job tell. */
export interface ToldText {
  /** In UTF-16 code units. */
  length: number;
  /** Whether they tell its end too. */
  isEnded: boolean;
}

/** What a sequence is known by within its job. */
export function sequenceName({ promptIndex, sampleIndex }: SequencePlace): string {
  return `${promptIndex}.${sampleIndex}`;
}

/**
 * What the events of a job tell of its texts, by the sequences' names. Whoever reads it under the lease of the job's only
 * shard sees all: what others had told before is in the stream, and what they tell from now on is refused.
 */
export async function readToldText(
  claims: Pick<JobClaims, 'readEvents'>,
  jobId: string,
): Promise<Map<string, ToldText>> {
  const told = new Map<string, ToldText>();
  for (let after = '0'; ;) {
    const { events } = await claims.readEvents(jobId, after);
    const last = events.at(-1);
    if (!last) return told;
    after = last.id;
    for (const { event } of events) {
      if (event.type !== 'text') continue;
      const name = sequenceName(event);
      const length = (told.get(name)?.length ?? 0) + event.text.length;
      told.set(name, { length, isEnded: event.finishReason !== undefined || event.error !== undefined });
    }
  }
}
