import { type Job, type JobState, JobStore, recordedTrainRequest } from '@glyphmill/jobs';
import { Injectable } from '@nestjs/common';

const LIVE_STATES = ['running', 'paused', 'queued'] as const satisfies JobState[];

/** Finds the jobs that are not finished and need an artifact, so that it is not deleted under them. */
@Injectable()
export class LiveJobs {
  constructor(private readonly jobs: JobStore) {}

  /** A live job that trains on this dataset or takes its prompts from it, or `undefined`. */
  usingDataset(dataset: string): Promise<Job | undefined> {
    return this.find({}, ({ request }) => request['dataset'] === dataset || request['promptsDataset'] === dataset);
  }

  /** A live job that generates with this model or starts from its weights, or `undefined`. */
  async usingModel(model: string): Promise<Job | undefined> {
    const startsFrom = ({ request }: Job) => recordedTrainRequest.parse(request).initFrom?.model === model;
    return (await this.find({ model }, () => true)) ?? (await this.find({ kind: 'train' }, startsFrom));
  }

  private async find(
    filter: { kind?: 'train'; model?: string },
    matches: (job: Job) => boolean,
  ): Promise<Job | undefined> {
    for (const state of LIVE_STATES) {
      let after: string | undefined;
      do {
        const page = await this.jobs.list({ ...filter, state, limit: 200, ...(after !== undefined && { after }) });
        const found = page.data.find(matches);
        if (found) return found;
        after = page.nextCursor ?? undefined;
      } while (after !== undefined);
    }
    return undefined;
  }
}
